//! Where PostgreSQL is.

use std::time::Duration;

use serde::Deserialize;
use service::database::DatabaseUrl;

use service::config::{Setting, none_if_empty, number, secret};

pub(crate) const SETTINGS: &[Setting] = &[
    secret(
        "DATABASE_URL",
        "database.url",
        "PostgreSQL, as `postgres://user:password@host/database`",
    ),
    secret(
        "AUTH_DATABASE_DIRECT_URL",
        "database.direct_url",
        "PostgreSQL itself, if `DATABASE_URL` leads to a connection pooler; for migrations, notifications and connections of the server's own",
    ),
    number(
        "AUTH_DATABASE_POOL",
        "database.pool",
        "16",
        "maximum number of connections that requests share, at least 2; the server has four more of its own",
    ),
    number(
        "AUTH_CLOCK_TOLERANCE",
        "database.clock_tolerance",
        "30",
        "largest tolerated difference from PostgreSQL's clock, 1 to 300 s",
    ),
];

/// PostgreSQL.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Address and credentials.
    pub url: DatabaseUrl,
    #[serde(deserialize_with = "none_if_empty")]
    direct_url: Option<DatabaseUrl>,
    /// Maximum number of connections that requests share.
    pub pool: PoolSize,
    clock_tolerance: ClockTolerance,
}

/// The largest tolerated difference from PostgreSQL's clock, in seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u16")]
struct ClockTolerance(u16);

impl TryFrom<u16> for ClockTolerance {
    type Error = &'static str;

    fn try_from(seconds: u16) -> Result<Self, Self::Error> {
        if (1..=300).contains(&seconds) { Ok(Self(seconds)) } else { Err("must be 1 to 300") }
    }
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
    /// Address and credentials without a pooler in between.
    #[must_use]
    pub fn direct(&self) -> &DatabaseUrl {
        self.direct_url.as_ref().unwrap_or(&self.url)
    }

    /// Maximum number of connections that requests share.
    #[must_use]
    pub const fn connections(&self) -> u32 {
        self.pool.0
    }

    /// The largest tolerated difference from PostgreSQL's clock.
    #[must_use]
    pub fn clock_tolerance(&self) -> Duration {
        Duration::from_secs(self.clock_tolerance.0.into())
    }

    /// Timeout for acquiring a connection.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(3)
    }
}
