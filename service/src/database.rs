//! PostgreSQL: its setting, and how its errors reach the client.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use sqlx::postgres::PgConnectOptions;

use crate::problem::{INTERNAL, Problem, Spec};

/// What an operation can answer if the database is unavailable.
pub const DATABASE: &[Spec] = &[UNAVAILABLE];

const UNAVAILABLE: Spec =
    Spec::new(503, "database_unavailable", "The database is unavailable; try again later.");

/// Lets `?` turn a database error into a problem; the cause is logged here, once.
impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        if is_unavailable(&error) {
            tracing::error!(%error, "database unavailable");
            return Self::new(UNAVAILABLE).retry_after(1);
        }
        tracing::error!(%error, "database error");
        Self::new(INTERNAL)
    }
}

/// True if the same statement may well succeed later.
#[must_use]
pub fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Protocol(_) => true,
        // 08: connection errors, 53: out of resources, 57: operator intervention, 40: a conflict that
        // a retry resolves; 55000 and 3D000: the database accepts no connections.
        sqlx::Error::Database(db) => db.code().is_some_and(|code| {
            ["08", "53", "57", "40"].iter().any(|class| code.starts_with(class))
                || matches!(code.as_ref(), "55000" | "3D000")
        }),
        _ => false,
    }
}

/// Name of the constraint that a write violated, if it did.
#[must_use]
pub fn constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
}

/// A valid `postgres://` URL. Shows no password.
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

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(options) = self;
        let database = options.get_database().unwrap_or(options.get_username());
        write!(f, "{}:{}/{database}", options.get_host(), options.get_port())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = String;

    // The value stays out of the messages: it may contain a password.
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
            _ => "is not a valid URL".into(),
        })
    }
}
