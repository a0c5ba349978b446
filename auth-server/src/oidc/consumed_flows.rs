//! SQL about sign-ins by an account elsewhere that have come back.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::Flow;

/// Notes that this one has come back; false where it has before. Of any number at once one is true.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn spend(pool: &PgPool, flow: &Flow, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let mut database = pool.acquire().await?;
    sqlx::query!("DELETE FROM consumed_oidc_flows WHERE expires_at <= $1", now)
        .execute(&mut *database)
        .await?;
    let done = sqlx::query!(
        "INSERT INTO consumed_oidc_flows (id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        flow.id,
        flow.expires_at(),
    )
    .execute(&mut *database)
    .await?;
    Ok(done.rows_affected() > 0)
}
