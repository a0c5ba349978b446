//! Revisions in PostgreSQL.

use chrono::{DateTime, Utc};
use policies::{RoleName, Rule};
use serde::Serialize;
use sqlx::PgExecutor;
use sqlx::types::Json;
use uuid::Uuid;

use super::before::{Before, RoleState};
use crate::audit::AuditRecord;
use crate::db::PgConnection;
use crate::policy::grants::names;

/// A revision that changed rules or roles.
#[derive(Clone, Debug, Serialize, poem_openapi::Object)]
#[oai(rename = "PolicyRevision", read_only_all)]
pub(crate) struct StoredRevision {
    /// The revision that the write created.
    pub revision: i64,
    /// Time of the write.
    pub at: DateTime<Utc>,
    /// User id of the author; `null` for the command line.
    pub by: Option<Uuid>,
    /// Current login of the author; `null` for the command line or a deleted account.
    pub by_login: Option<String>,
    /// `api` or `cli`.
    pub via: String,
    /// Operation id as in this document, or the name of a command.
    pub operation: String,
    /// Target of the write: `role:<name>`, `rule:<id>`, or `policy` for the whole policy.
    pub target: String,
    /// Number of rules that the write created, changed or deleted.
    pub rules: i32,
    /// Number of roles that the write created, changed or deleted.
    pub roles: i32,
}

/// What is kept of one write.
pub(crate) struct KeptWrite<'a> {
    pub(crate) revision: i64,
    /// The revision that it was written on.
    pub(crate) previous: i64,
    pub(crate) at: DateTime<Utc>,
    /// Who wrote what.
    pub(crate) record: &'a AuditRecord,
    pub(crate) before: &'a Before,
}

/// Keeps a write, in its transaction.
pub(crate) async fn append(db: &mut PgConnection, write: KeptWrite<'_>) -> sqlx::Result<()> {
    let KeptWrite { revision, previous, at, record, before } = write;
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    sqlx::query!(
        "INSERT INTO policy_revisions
             (revision, previous, at, by_user, via, operation, target, rules, roles, before)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        revision,
        previous,
        at,
        record.by.user(),
        record.by.via(),
        record.operation,
        record.target,
        count(before.rules.len()),
        count(before.roles.len()),
        (!before.is_empty()).then_some(Json(before)) as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Deletes what was kept of revisions after this one, which is the last: writes that were lost.
pub(crate) async fn delete_after(db: &mut PgConnection, revision: i64) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM policy_revisions WHERE revision > $1", revision).execute(db).await?;
    Ok(())
}

/// Revisions before this one that changed rules or roles, newest first.
pub(crate) async fn page(
    db: impl PgExecutor<'_>,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<StoredRevision>> {
    sqlx::query_as!(
        StoredRevision,
        r#"SELECT r.revision, r.at, r.by_user AS by, u.login AS "by_login?", r.via, r.operation,
                  r.target, r.rules, r.roles
           FROM policy_revisions r LEFT JOIN users u ON u.id = r.by_user
           WHERE r.revision < $1 AND r.before IS NOT NULL ORDER BY r.revision DESC LIMIT $2"#,
        before,
        limit,
    )
    .fetch_all(db)
    .await
}

/// Whether a revision can be reconstructed.
pub(super) struct Chain {
    /// The present revision.
    pub(super) present: i64,
    /// Each revision after it is kept, with the one that it was written on.
    pub(super) is_complete: bool,
}

/// What is kept from `revision` to the present.
pub(super) async fn chain(db: &mut PgConnection, revision: i64) -> sqlx::Result<Chain> {
    sqlx::query_as!(
        Chain,
        r#"SELECT s.revision AS "present!",
                  s.revision = $1 OR coalesce(k.last = s.revision AND k.linked, false)
                      AS "is_complete!"
           FROM policy_state s, (
               SELECT max(revision) AS last, bool_and(previous = coalesce(earlier, $1)) AS linked
               FROM (SELECT revision, previous, lag(revision) OVER (ORDER BY revision) AS earlier
                     FROM policy_revisions WHERE revision > $1) AS later
           ) AS k"#,
        revision
    )
    .fetch_one(db)
    .await
}

/// The rules that were changed after `revision`, as they were then.
pub(super) async fn rules_at(
    db: &mut PgConnection,
    revision: i64,
) -> sqlx::Result<Vec<(u32, Option<Rule>)>> {
    let rows = sqlx::query!(
        r#"SELECT DISTINCT ON (1) key::integer AS "id!", value AS "rule!: Json<Option<Rule>>"
           FROM policy_revisions, jsonb_each(before -> 'rules')
           WHERE revision > $1 AND before IS NOT NULL ORDER BY 1, revision"#,
        revision
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id.cast_unsigned(), row.rule.0)).collect())
}

/// The roles that were changed after `revision`, as they were then.
pub(super) async fn roles_at(
    db: &mut PgConnection,
    revision: i64,
) -> sqlx::Result<Vec<(RoleName, Option<RoleState>)>> {
    let rows = sqlx::query!(
        r#"SELECT DISTINCT ON (1) key AS "name!", value AS "role!: Json<Option<RoleState>>"
           FROM policy_revisions, jsonb_each(before -> 'roles')
           WHERE revision > $1 AND before IS NOT NULL ORDER BY 1, revision"#,
        revision
    )
    .fetch_all(db)
    .await?;
    let (stored, states): (Vec<String>, Vec<_>) =
        rows.into_iter().map(|row| (row.name, row.role.0)).unzip();
    Ok(names(&stored)?.into_iter().zip(states).collect())
}
