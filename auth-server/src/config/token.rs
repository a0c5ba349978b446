//! Access tokens: issuer, audience, lifetime.

use std::num::NonZeroU32;

use chrono::TimeDelta;
use serde::Deserialize;

use service::config::NonEmpty;
use service::config::{Setting, number, text};

pub(crate) const SETTINGS: &[Setting] = &[
    text(
        "AUTH_ISSUER",
        "token.issuer",
        "http://127.0.0.1:8080",
        "`iss` of tokens: the public URL of this server",
    ),
    text(
        "AUTH_AUDIENCE",
        "token.audience",
        "films",
        "`aud` of tokens: the services that accept them",
    ),
    number("AUTH_TOKEN_SECONDS", "token.seconds", "300", "lifetime of an access token, s"),
    number(
        "AUTH_KEY_LEAD_SECONDS",
        "token.key_lead_seconds",
        "3900",
        "time between publishing a new signing key and signing with it, s; at least as long as the JWKS may be cached",
    ),
    number(
        "AUTH_TOKEN_CACHE",
        "token.cache",
        "100000",
        "maximum number of verified tokens cached in memory",
    ),
];

/// Access tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenConfig {
    /// `iss` of tokens.
    pub issuer: NonEmpty,
    /// `aud` of tokens.
    pub audience: NonEmpty,
    seconds: NonZeroU32,
    key_lead_seconds: u32,
    cache: u32,
}

impl TokenConfig {
    /// How long an access token lives.
    #[must_use]
    pub fn life(&self) -> TimeDelta {
        TimeDelta::seconds(self.seconds.get().into())
    }

    /// How long a new signing key is published before it signs.
    #[must_use]
    pub fn key_lead(&self) -> TimeDelta {
        TimeDelta::seconds(self.key_lead_seconds.into())
    }

    /// How many verified tokens are kept in memory.
    #[must_use]
    pub const fn cache(&self) -> usize {
        self.cache as usize
    }
}
