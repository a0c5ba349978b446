//! Deleted accounts. A trigger records them, so that no way of deleting an account can forget it.

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use serde::Serialize;
use uuid::Uuid;

use crate::db::PgPool;

/// A deleted account.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct DeletedUser {
    /// Id of the user.
    pub user_id: Uuid,
    /// When the account was deleted, with microseconds. No two accounts have the same time.
    pub deleted_at: DateTime<Utc>,
}

/// Accounts deleted after this time, or all, in the order of their deletion.
pub(crate) async fn page(
    pool: &PgPool,
    after: Option<DateTime<Utc>>,
    limit: i64,
) -> sqlx::Result<Vec<DeletedUser>> {
    sqlx::query_as!(
        DeletedUser,
        r#"SELECT user_id, deleted_at FROM account_deletions
           WHERE deleted_at > coalesce($1, '-infinity'::timestamptz) ORDER BY deleted_at LIMIT $2"#,
        after,
        limit,
    )
    .fetch_all(pool)
    .await
}
