//! What every feature's SQL shares: how a database error reaches the client, and constraint names.

use std::time::Duration;

use crate::http::problem::{INTERNAL, Problem, Spec};

/// What an operation that needs the database can answer when the database is unavailable.
pub const DATABASE: &[Spec] = &[UNAVAILABLE];

const UNAVAILABLE: Spec = Spec {
    status: 503,
    code: "database_unavailable",
    title: "The database is unavailable; try again in a moment.",
};

/// A connection that was used within this time is taken to be there still: asking it first would
/// make every request wait for one more answer.
pub const IDLE_BEFORE_PING: Duration = Duration::from_secs(1);

/// The cause is logged here, once; the client learns only whether a retry may help.
impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        if is_unavailable(&error) {
            tracing::error!(%error, "the database is unavailable");
            return Self::new(UNAVAILABLE).retry_after(1);
        }
        tracing::error!(%error, "the database refused a statement");
        Self::new(INTERNAL)
    }
}

/// True if a later attempt may succeed.
fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Protocol(_) => true,
        // 08: connection trouble, 53: out of resources, 57: shut down by an operator, 55000 and
        // 3D000: the database takes no connections. 40: a conflict that a retry resolves.
        sqlx::Error::Database(db) => db.code().is_some_and(|code| {
            ["08", "53", "57", "40"].iter().any(|class| code.starts_with(class))
                || matches!(code.as_ref(), "55000" | "3D000")
        }),
        _ => false,
    }
}

/// Name of the constraint that a write ran into, if it did.
#[must_use]
pub fn constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
}
