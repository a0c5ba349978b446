//! Where PostgreSQL is.

use std::num::NonZeroU32;
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
        "maximum number of connections, at least 2; half are reserved for session refreshes",
    ),
];

/// PostgreSQL.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Address and credentials.
    pub url: DatabaseUrl,
    /// Maximum number of connections, at least two.
    pub pool: NonZeroU32,
}

impl DatabaseConfig {
    /// Maximum number of connections for everything but refreshes.
    #[must_use]
    pub const fn connections(&self) -> u32 {
        self.pool.get().saturating_sub(self.refresh_connections())
    }

    /// Number of connections for refreshes. Two, so that one prepares its next batch while the other
    /// waits for its commit; with more, batches would only become smaller.
    #[must_use]
    pub const fn refresh_connections(&self) -> u32 {
        if self.pool.get() < 4 { 1 } else { 2 }
    }

    /// Timeout for acquiring a connection.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(3)
    }
}
