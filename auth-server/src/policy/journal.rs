//! The journal: what each revision changed.

use chrono::{DateTime, Utc};
use policies::{Change, RoleName};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// All roles that a user has from this revision on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserRoles {
    /// The user.
    pub user: Uuid,
    /// Their roles, without what those inherit.
    pub roles: Vec<RoleName>,
}

/// What one write changed; applied whole.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) changes: Vec<Change>,
    pub(crate) roles_of: Vec<UserRoles>,
}

/// A line of the journal.
pub(crate) struct Line {
    pub(crate) revision: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) entry: Entry,
}

/// Channel on which replicas hear of a new line.
pub(crate) const CHANNEL: &str = "policy";

/// Writes the line and moves the revision; replicas hear of it when the transaction commits.
pub(crate) async fn append(db: &mut PgConnection, line: &Line) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO policy_journal (revision, at, changes) VALUES ($1, $2, $3)",
        line.revision,
        line.at,
        Json(&line.entry) as _,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("UPDATE policy_state SET revision = $1", line.revision).execute(&mut *db).await?;
    sqlx::query!("SELECT pg_notify($1, $2)", CHANNEL, line.revision.to_string())
        .execute(&mut *db)
        .await?;
    Ok(())
}

/// Lines after `revision`, in order.
pub(crate) async fn since(db: &mut PgConnection, revision: i64) -> sqlx::Result<Vec<Line>> {
    let rows = sqlx::query!(
        r#"SELECT revision, at, changes AS "entry: Json<Entry>" FROM policy_journal
           WHERE revision > $1 ORDER BY revision"#,
        revision
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Line { revision: row.revision, at: row.at, entry: row.entry.0 })
        .collect())
}

/// Lines written at or after `from`: whose roles changed since the oldest living token was made.
pub(crate) async fn written_from(
    db: &mut PgConnection,
    from: DateTime<Utc>,
) -> sqlx::Result<Vec<Line>> {
    let rows = sqlx::query!(
        r#"SELECT revision, at, changes AS "entry: Json<Entry>" FROM policy_journal
           WHERE at >= $1 ORDER BY revision"#,
        from
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Line { revision: row.revision, at: row.at, entry: row.entry.0 })
        .collect())
}

/// Drops lines that no replica can still need. One that is further behind loads everything.
pub(crate) async fn prune(pool: &PgPool, before: DateTime<Utc>) -> sqlx::Result<u64> {
    let done =
        sqlx::query!("DELETE FROM policy_journal WHERE at < $1", before).execute(pool).await?;
    Ok(done.rows_affected())
}
