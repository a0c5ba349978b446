//! Where Redis is.

use redis::IntoConnectionInfo;
use serde::Deserialize;

use service::config::{Setting, secret};

pub(crate) const SETTINGS: &[Setting] = &[secret(
    "REDIS_URL",
    "redis.url",
    "Redis, as `redis://:password@host/0`; required with more than one server",
)];

/// Redis.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisConfig {
    url: RedisUrl,
}

impl RedisConfig {
    /// Where it is, if there is one.
    #[must_use]
    pub const fn connection(&self) -> Option<&redis::ConnectionInfo> {
        self.url.0.as_ref()
    }
}

#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
struct RedisUrl(Option<redis::ConnectionInfo>);

impl std::fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(connection) => write!(f, "{}", connection.addr()),
            None => f.write_str("none"),
        }
    }
}

impl TryFrom<String> for RedisUrl {
    type Error = String;

    fn try_from(url: String) -> Result<Self, String> {
        if url.is_empty() {
            return Ok(Self(None));
        }
        // The library's own message may carry the URL, and with it a password.
        let parsed = url.into_connection_info();
        parsed.map(|info| Self(Some(info))).map_err(|_| "is not a redis:// URL".into())
    }
}
