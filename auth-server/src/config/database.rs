//! Where PostgreSQL is.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use sqlx::postgres::PgConnectOptions;

use super::setting::{Setting, number, secret};

pub(crate) const SETTINGS: &[Setting] = &[
    secret(
        "DATABASE_URL",
        "database.url",
        "PostgreSQL, as `postgres://user:password@host/database`",
    ),
    number(
        "AUTH_DATABASE_POOL",
        "database.pool",
        "16",
        "most connections at a time, at least 2; half of them are for refreshes alone",
    ),
];

/// PostgreSQL.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Where it is, and who we are there.
    pub url: DatabaseUrl,
    /// Most connections at a time, at least two.
    pub pool: NonZeroU32,
}

impl DatabaseConfig {
    /// Most connections for everything but carrying sessions on.
    #[must_use]
    pub const fn connections(&self) -> u32 {
        self.pool.get().div_ceil(2)
    }

    /// Most connections that carry sessions on.
    #[must_use]
    pub fn rotations(&self) -> usize {
        usize::try_from(self.pool.get() / 2).map_or(1, |half| half.max(1))
    }

    /// The longest wait for a connection.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        Duration::from_secs(3)
    }
}

/// A checked `postgres://` URL. Shows no password.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct DatabaseUrl(Box<PgConnectOptions>);

impl DatabaseUrl {
    /// How to connect.
    #[must_use]
    pub fn options(&self) -> &PgConnectOptions {
        &self.0
    }
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(options) = self;
        let database = options.get_database().unwrap_or(options.get_username());
        write!(f, "{}:{}/{database}", options.get_host(), options.get_port())
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = String;

    // The value stays out of the messages: a password may stand in it.
    fn try_from(url: String) -> Result<Self, String> {
        if url.is_empty() {
            return Err("must be set, as postgres://user:password@host/database".into());
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err("must start with postgres://".into());
        }
        PgConnectOptions::from_str(&url).map(|url| Self(Box::new(url))).map_err(|error| match error
        {
            sqlx::Error::Configuration(reason) => reason.to_string(),
            _ => "can't be read as a URL".into(),
        })
    }
}
