//! PostgreSQL: its setting, migrations, connections whose statements have a deadline, and how errors reach the client.

mod connection;
mod dedicated;
pub mod jobs;
mod limits;
mod migrations;
mod pool;
mod transaction;
mod url;

pub use connection::PgConnection;
pub use dedicated::DedicatedConnection;
pub use limits::Limits;
pub use migrations::{MigrationError, Migrations};
pub use pool::PgPool;
pub use transaction::Transaction;
pub use url::DatabaseUrl;

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
        // a retry resolves; 55000 and 3D000: the database accepts no connections; 55P03 and 25P03: a
        // lock was not free in time, a transaction stood still.
        sqlx::Error::Database(db) => db.code().is_some_and(|code| {
            ["08", "53", "57", "40"].iter().any(|class| code.starts_with(class))
                || matches!(code.as_ref(), "55000" | "3D000" | "55P03" | "25P03")
        }),
        _ => false,
    }
}

/// Name of the constraint that a write violated, if it did.
#[must_use]
pub fn constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
}
