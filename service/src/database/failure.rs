//! What an error of PostgreSQL says, in one place: about the statement, and about its connection.

use std::borrow::Cow;
use std::io;

use sqlx::postgres::{PgDatabaseError, PgSeverity};

use crate::problem::{INTERNAL, Problem, Spec};

/// What an operation that reads can answer if the database is unavailable.
pub const DATABASE: &[Spec] = &[UNAVAILABLE];

/// What an operation that writes can answer if the database is unavailable.
pub const DATABASE_WRITE: &[Spec] = &[UNAVAILABLE, OUTCOME_UNKNOWN];

const UNAVAILABLE: Spec =
    Spec::new(503, "database_unavailable", "The database is unavailable; try again later.");

/// Without `Retry-After`: a client that repeats the request blindly may make the change twice.
const OUTCOME_UNKNOWN: Spec = Spec::new(
    503,
    "outcome_unknown",
    "The connection to the database was lost during the commit; the change may or may not have been made.",
);

/// The connection was lost after `COMMIT` was sent, and before its answer.
#[derive(Debug, thiserror::Error)]
#[error("it is not known whether the transaction was committed: {0}")]
struct OutcomeUnknown(sqlx::Error);

/// The error of `COMMIT`. Of the errors that PostgreSQL reports, only one that ends the connection
/// leaves the outcome open: it may follow the commit.
pub(super) fn of_commit(error: sqlx::Error) -> sqlx::Error {
    let reported = error.as_database_error().and_then(|error| error.try_downcast_ref());
    match reported.map(PgDatabaseError::severity) {
        Some(PgSeverity::Error) => error,
        // sqlx has no variant for errors of its callers; that of a lost connection says the most.
        _ => sqlx::Error::Io(io::Error::other(OutcomeUnknown(error))),
    }
}

/// True if a transaction may have been committed, although its caller got this error.
#[must_use]
pub fn is_outcome_unknown(error: &sqlx::Error) -> bool {
    let sqlx::Error::Io(error) = error else { return false };
    error.get_ref().and_then(|inner| inner.downcast_ref::<OutcomeUnknown>()).is_some()
}

/// Lets `?` turn a database error into a problem; the cause is logged here, once.
impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        if is_outcome_unknown(&error) {
            tracing::error!(%error, "database unavailable");
            return Self::new(OUTCOME_UNKNOWN);
        }
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
        // 40: a conflict that a retry resolves; a lock was not free in time, a statement took too long.
        sqlx::Error::Database(_) => sqlstate(error).is_some_and(|code| {
            is_of_server(&code)
                || code.starts_with("40")
                || matches!(code.as_ref(), "55P03" | "57014")
        }),
        _ => false,
    }
}

/// True if the connection that a statement failed on is of no more use: the server refuses everyone
/// there, or is no longer the one to write to. The next connection may lead to another server, as after a
/// failover, or be accepted with other rights.
#[must_use]
pub(super) fn spoils_connection(error: &sqlx::Error) -> bool {
    sqlstate(error).is_some_and(|code| is_of_server(&code))
}

/// True if other connections, too, lead to a server that is no longer the one to write to, or that stops.
pub(super) fn spoils_all_connections(error: &sqlx::Error) -> bool {
    sqlstate(error)
        .is_some_and(|code| code == "25006" || code.starts_with("57") && is_of_server(&code))
}

/// The SQLSTATE of an error of PostgreSQL.
#[must_use]
pub fn sqlstate(error: &sqlx::Error) -> Option<Cow<'_, str>> {
    error.as_database_error()?.code()
}

/// True if an operator has to act, or a failover to end, and not the statement is at fault.
fn is_of_server(code: &str) -> bool {
    // 08: connection errors, 28: credentials are refused, 53: out of resources (53300: connections),
    // 57: operator intervention, except 57014, a statement that took too long; 58: system errors.
    let class = code.get(..2).unwrap_or_default();
    (matches!(class, "08" | "28" | "53" | "57" | "58") && code != "57014")
        || matches!(
            code,
            // Read-only: a standby, or a server that an operator has closed for writes.
            "25006"
            // A transaction stood still, and its connection was closed.
            | "25P03"
            // The database does not exist, or accepts no connections.
            | "3D000" | "55000"
            // A privilege is missing.
            | "42501"
            // A prepared statement is missing or another one: a pooler in between gives each
            // transaction another connection.
            | "26000" | "42P05"
        )
}

/// Name of the constraint that a write violated, if it did.
#[must_use]
pub fn constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_or_a_failover_resolves_is_no_fault_of_a_statement() {
        let codes = [
            "25006", "28000", "28P01", "42501", "57P01", "57P02", "57P03", "53100", "53300",
            "08006", "26000", "42P05",
        ];
        for code in codes {
            assert!(is_of_server(code), "{code}");
        }
        // A constraint, a syntax error, a statement that took too long, a deadlock, a lock.
        for code in ["23505", "42601", "57014", "40P01", "55P03", ""] {
            assert!(!is_of_server(code), "{code}");
        }
    }
}
