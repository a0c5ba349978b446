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

/// The last write in the database, as seen by a server that has applied the writes up to a revision.
pub(super) struct Stored {
    /// The revision of the last write.
    pub(super) revision: i64,
    /// When the database's write of the server's revision was made; `None` if it has no entry.
    pub(super) applied_at: Option<DateTime<Utc>>,
}

/// Where the database is, seen from `revision`.
///
/// # Errors
/// PostgreSQL is unavailable, or a standby.
pub(super) async fn stored(db: &mut PgConnection, revision: i64) -> sqlx::Result<Stored> {
    let stored = sqlx::query_as!(
        Stored,
        r#"SELECT revision,
                  (SELECT at FROM policy_journal WHERE revision = $1) AS applied_at
           FROM policy_state WHERE NOT pg_is_in_recovery()"#,
        revision
    );
    let stored = stored.fetch_optional(&mut *db).await?;
    stored.ok_or_else(|| db.reject_standby())
}

/// Revision and time of the last write; no time if it has no entry.
pub(super) async fn last(db: &mut PgConnection) -> sqlx::Result<(i64, Option<DateTime<Utc>>)> {
    let row = sqlx::query!(
        r#"SELECT s.revision, j.at AS "at?"
           FROM policy_state s LEFT JOIN policy_journal j USING (revision)"#
    )
    .fetch_one(db)
    .await?;
    Ok((row.revision, row.at))
}

/// Takes the policy lock: one writer at a time, until the transaction ends. Returns the time of the write:
/// `now`, or that of PostgreSQL if the clock here is behind. Servers that start later look for writes by their
/// time.
pub(super) async fn lock(
    transaction: &mut PgConnection,
    now: DateTime<Utc>,
) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(
        r#"SELECT GREATEST($1, clock_timestamp()) AS "at!" FROM policy_state FOR UPDATE"#,
        now
    )
    .fetch_one(transaction)
    .await
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

/// Deletes entries after `revision`, which is the last one: writes that were lost.
pub(super) async fn delete_after(db: &mut PgConnection, revision: i64) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM policy_journal WHERE revision > $1", revision).execute(db).await?;
    Ok(())
}

/// Deletes entries older than `before`, but not the last one: replicas recognize by it that the database
/// is theirs. A replica that is further behind reloads the whole policy.
pub(crate) async fn prune(pool: &PgPool, before: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM policy_journal
             WHERE at < $1 AND revision < (SELECT revision FROM policy_state)",
        before
    )
    .execute(pool)
    .await?;
    Ok(())
}
