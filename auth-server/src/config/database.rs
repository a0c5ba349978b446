//! Where PostgreSQL is.

use std::time::Duration;

use serde::Deserialize;
use service::database::DatabaseUrl;

use service::config::{Setting, number, secret};

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
        "maximum number of connections that requests share, at least 2; the server has four more of its own",
    ),
];

/// PostgreSQL.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Address and credentials.
    pub url: DatabaseUrl,
    /// Maximum number of connections that requests share.
    pub pool: PoolSize,
}

/// Maximum number of connections that requests share, at least two: with a single one, each statement
/// that waits would stop every request.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u32")]
pub struct PoolSize(u32);

impl TryFrom<u32> for PoolSize {
    type Error = &'static str;

    fn try_from(size: u32) -> Result<Self, Self::Error> {
        if size < 2 { Err("at least 2 connections are needed") } else { Ok(Self(size)) }
    }
}

impl DatabaseConfig {
    /// Maximum number of connections that requests share.
    #[must_use]
    pub const fn connections(&self) -> u32 {
        self.pool.0
    }

    /// Timeout for acquiring a connection.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(3)
    }
}
