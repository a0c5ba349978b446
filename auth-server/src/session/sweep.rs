//! Deleting sessions and revocations that no longer matter.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::SessionLimits;
use crate::clock::Clock;
use crate::db::PgPool;

const INTERVAL: Duration = Duration::from_mins(10);

/// Deletes old sessions and expired revocations every ten minutes, until `stop`. Any number of
/// servers may do so at the same time.
pub(crate) async fn sweep(
    pool: PgPool,
    limits: SessionLimits,
    clock: Clock,
    stop: CancellationToken,
) {
    let mut tick = tokio::time::interval(INTERVAL);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let now = clock.now();
        let swept = tokio::try_join!(
            delete_sessions(&pool, now - limits.absolute),
            delete_revocations(&pool, now),
        );
        match swept {
            Ok((sessions, revocations)) => {
                tracing::debug!(sessions, revocations, "deleted old sessions and revocations");
            }
            Err(error) => tracing::warn!(%error, "cannot delete old sessions and revocations"),
        }
    }
}

/// Deletes sessions opened before this time.
async fn delete_sessions(pool: &PgPool, opened_before: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!("DELETE FROM sessions WHERE created_at < $1", opened_before)
        .execute(pool)
        .await?;
    Ok(done.rows_affected())
}

/// Deletes revocations whose access tokens have all expired.
async fn delete_revocations(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let done =
        sqlx::query!("DELETE FROM revocations WHERE expires_at <= $1", now).execute(pool).await?;
    Ok(done.rows_affected())
}
