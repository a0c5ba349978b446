//! Deleting sessions and revocations that no longer matter.

use chrono::{DateTime, Utc};

use crate::db::PgPool;

/// Deletes sessions opened before this time.
pub(crate) async fn delete_opened_before(
    pool: &PgPool,
    opened_before: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM sessions WHERE created_at < $1", opened_before).execute(pool).await?;
    Ok(())
}

/// Deletes revocations whose access tokens have all expired.
pub(crate) async fn delete_revocations(pool: &PgPool, passed: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM revocations WHERE expires_at <= $1", passed).execute(pool).await?;
    Ok(())
}
