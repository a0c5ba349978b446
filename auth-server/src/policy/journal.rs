//! The policy journal: what each revision changed.

use chrono::{DateTime, Utc};
use policies::{Change, RoleName};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

use crate::db::{PgConnection, PgPool};

/// All roles of a user from a revision on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserRoles {
    /// The user.
    pub user: Uuid,
    /// The user's roles, without the roles that those inherit.
    pub roles: Vec<RoleName>,
}

/// What one write changed; applied as a whole.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Delta {
    pub(super) changes: Vec<Change>,
    /// Users whose roles changed. The stored name is older than the field's.
    #[serde(rename = "roles_of")]
    pub(super) user_roles: Vec<UserRoles>,
}

/// One write.
pub(super) struct JournalEntry {
    pub(super) revision: i64,
    pub(super) at: DateTime<Utc>,
    pub(super) delta: Delta,
}

/// Channel on which replicas are notified of a new entry.
pub(super) const CHANNEL: &str = "policy";

/// Appends the entry and sets the revision; replicas are notified when the transaction commits.
pub(super) async fn append(db: &mut PgConnection, entry: &JournalEntry) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO policy_journal (revision, at, changes) VALUES ($1, $2, $3)",
        entry.revision,
        entry.at,
        Json(&entry.delta) as _,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("UPDATE policy_state SET revision = $1", entry.revision).execute(&mut *db).await?;
    sqlx::query!("SELECT pg_notify($1, $2)", CHANNEL, entry.revision.to_string())
        .execute(&mut *db)
        .await?;
    Ok(())
}

/// The revision of the last write.
pub(super) async fn revision(db: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!("SELECT revision FROM policy_state").fetch_one(db).await
}

/// Entries after `revision`, in order.
pub(super) async fn after(db: &mut PgConnection, revision: i64) -> sqlx::Result<Vec<JournalEntry>> {
    let rows = sqlx::query!(
        r#"SELECT revision, at, changes AS "delta: Json<Delta>" FROM policy_journal
           WHERE revision > $1 ORDER BY revision"#,
        revision
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| JournalEntry { revision: row.revision, at: row.at, delta: row.delta.0 })
        .collect())
}

/// Entries written at or after `from`, in order.
pub(super) async fn written_since(
    db: &mut PgConnection,
    from: DateTime<Utc>,
) -> sqlx::Result<Vec<JournalEntry>> {
    let rows = sqlx::query!(
        r#"SELECT revision, at, changes AS "delta: Json<Delta>" FROM policy_journal
           WHERE at >= $1 ORDER BY revision"#,
        from
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| JournalEntry { revision: row.revision, at: row.at, delta: row.delta.0 })
        .collect())
}

/// Deletes entries older than `before`. A replica that is further behind reloads the whole policy.
pub(super) async fn prune(pool: &PgPool, before: DateTime<Utc>) -> sqlx::Result<u64> {
    let done =
        sqlx::query!("DELETE FROM policy_journal WHERE at < $1", before).execute(pool).await?;
    Ok(done.rows_affected())
}
