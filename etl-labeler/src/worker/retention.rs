//! Deletes finished jobs and dead workers after a while.

use std::time::Duration;

use chrono::TimeDelta;
use service::database::{AgreedClock, jobs};
use sqlx::PgPool;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

/// How long finished jobs are kept, for operators who ask when films were labelled.
const RETENTION: TimeDelta = TimeDelta::days(7);
const INTERVAL: Duration = Duration::from_hours(1);

/// Deletes at once and then hourly, until `stop`.
pub(super) async fn enforce(
    pool: PgPool,
    queue: String,
    clock: AgreedClock,
    stop: CancellationToken,
) {
    let mut tick = interval(INTERVAL);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        if let Err(error) = delete_old(&pool, &queue, &clock).await {
            tracing::warn!(%error, "finished jobs were not deleted");
        }
    }
}

async fn delete_old(pool: &PgPool, queue: &str, clock: &AgreedClock) -> sqlx::Result<()> {
    let Some(now) = clock.agreed().await? else { return Ok(()) };
    let (jobs, workers) = jobs::delete_finished(pool, queue, now - RETENTION).await?;
    tracing::debug!(jobs, workers, "deleted finished jobs");
    Ok(())
}
