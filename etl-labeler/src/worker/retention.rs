//! Deletes finished jobs and dead workers after a while.

use std::time::Duration;

use chrono::TimeDelta;
use service::{clock::Clock, database::jobs};
use sqlx::PgPool;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

/// How long finished jobs are kept, for operators who ask when films were labelled.
const RETENTION: TimeDelta = TimeDelta::days(7);
const INTERVAL: Duration = Duration::from_hours(1);

/// Deletes at once and then hourly, until `stop`.
pub(super) async fn enforce(pool: PgPool, queue: String, clock: Clock, stop: CancellationToken) {
    let mut tick = interval(INTERVAL);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        match jobs::delete_finished(&pool, &queue, clock.now() - RETENTION).await {
            Ok((jobs, workers)) => tracing::debug!(jobs, workers, "deleted finished jobs"),
            Err(error) => tracing::warn!(%error, "finished jobs were not deleted"),
        }
    }
}
