//! Where Redis is, and whom to trust there.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use service::config::{Setting, none_if_empty, secret, text};

use super::redis_address::{InvalidRedisAddress, RedisAddress};

pub(crate) const SETTINGS: &[Setting] = &[
    secret(
        "REDIS_URL",
        "redis.url",
        "Redis, as `redis://user:password@host/0`, `redis+sentinel://…` or `redis+cluster://…`, \
         or `rediss…` with TLS; required with more than one server",
    ),
    text(
        "REDIS_CA_FILE",
        "redis.ca",
        "",
        "PEM file with the CA certificates to trust for `rediss…`, in place of the system's",
    ),
];

/// Redis.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisConfig {
    url: RedisUrl,
    #[serde(deserialize_with = "none_if_empty")]
    ca: Option<PathBuf>,
}

impl RedisConfig {
    /// Where it is, if there is one.
    #[must_use]
    pub const fn address(&self) -> Option<&RedisAddress> {
        self.url.0.as_ref()
    }

    /// PEM file with the certificates to trust, in place of the system's.
    #[must_use]
    pub fn ca(&self) -> Option<&Path> {
        self.ca.as_deref()
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct RedisUrl(Option<RedisAddress>);

impl TryFrom<String> for RedisUrl {
    type Error = InvalidRedisAddress;

    fn try_from(url: String) -> Result<Self, InvalidRedisAddress> {
        if url.is_empty() {
            return Ok(Self(None));
        }
        url.parse().map(|address| Self(Some(address)))
    }
}
