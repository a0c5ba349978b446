//! SQL about the trail.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{Actor, Record};

/// A write that was done.
#[derive(Clone, Debug, Serialize, poem_openapi::Object)]
#[oai(rename = "AuditLine", read_only_all)]
pub(crate) struct Line {
    /// Grows from write to write.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it; `null`: the command line.
    pub by: Option<Uuid>,
    /// Their login now; `null`: the command line, or the account is deleted.
    pub by_login: Option<String>,
    /// `api` or `cli`.
    pub via: String,
    /// What was done, as this document names operations.
    pub operation: String,
    /// What it was done to: `role:<name>`, `rule:<id>`, `user:<id>`, `key:<id>`, or `policy` for all
    /// of it.
    pub target: String,
    /// What it was; `null` where there was nothing.
    pub before: Option<Value>,
    /// What it became; `null` where nothing is left.
    pub after: Option<Value>,
    /// Revision of the policy once the write was done.
    pub revision: i64,
}

/// Remembers a write, in the transaction that does it; to be called after it has moved the revision,
/// if it does.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn insert(
    transaction: &mut PgConnection,
    record: &Record,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (by, via) = match record.by {
        Actor::User(user) => (Some(user), "api"),
        Actor::CommandLine => (None, "cli"),
    };
    sqlx::query!(
        "INSERT INTO audit (at, by_user, via, operation, target, before, after, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, (SELECT revision FROM policy_state))",
        at,
        by,
        via,
        record.operation,
        record.target,
        record.before,
        record.after,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Writes before `before`, newest first.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn page(pool: &PgPool, before: i64, limit: i64) -> sqlx::Result<Vec<Line>> {
    sqlx::query_as!(
        Line,
        r#"SELECT a.id, a.at, a.by_user AS by, u.login AS "by_login?", a.via, a.operation, a.target,
                  a.before, a.after, a.revision
           FROM audit a LEFT JOIN users u ON u.id = a.by_user
           WHERE a.id < $1 ORDER BY a.id DESC LIMIT $2"#,
        before,
        limit,
    )
    .fetch_all(pool)
    .await
}
