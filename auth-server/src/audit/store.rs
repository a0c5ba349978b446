//! The audit trail in PostgreSQL.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::AuditRecord;
use crate::db::{PgConnection, PgPool};

/// One write by an admin, or a change that a user made to their own credentials.
#[derive(Clone, Debug, Serialize, poem_openapi::Object)]
#[oai(rename = "AuditRecord", read_only_all)]
pub(crate) struct StoredRecord {
    /// Id; later writes have larger ids.
    pub id: i64,
    /// Time of the write.
    pub at: DateTime<Utc>,
    /// User id of the author; `null` for the command line.
    pub by: Option<Uuid>,
    /// Current login of the author; `null` for the command line or a deleted account.
    pub by_login: Option<String>,
    /// `api` or `cli`.
    pub via: String,
    /// Operation id as in this document, the name of a command, or `use_recovery_code`.
    pub operation: String,
    /// Target of the write: `role:<name>`, `rule:<id>`, `user:<id>`, `client:<id>`, `key:<id>`, or
    /// `policy` for the whole policy.
    pub target: String,
    /// Previous state; `null` if there was none.
    pub before: Option<Value>,
    /// New state; `null` if there is none.
    pub after: Option<Value>,
    /// Policy revision after the write.
    pub revision: i64,
}

/// Inserts a record in the transaction of the write, after the write has set the policy revision, if
/// it does. Returns its id.
pub(crate) async fn insert(
    transaction: &mut PgConnection,
    record: &AuditRecord,
    at: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "INSERT INTO audit (at, by_user, via, operation, target, before, after, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, (SELECT revision FROM policy_state)) RETURNING id",
        at,
        record.by.user(),
        record.by.via(),
        record.operation,
        record.target,
        record.before,
        record.after,
    )
    .fetch_one(transaction)
    .await
}

/// Records with an id less than `before`, newest first.
pub(crate) async fn page(
    pool: &PgPool,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<StoredRecord>> {
    sqlx::query_as!(
        StoredRecord,
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
