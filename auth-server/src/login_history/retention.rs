//! Forgetting: addresses and user agents first, later everything.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::partitions;
use crate::clock::Clock;

const EVERY: Duration = Duration::from_hours(24);

/// How long is remembered.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// That there was a try. Whole months are forgotten, so it may be a month more.
    pub tries: TimeDelta,
    /// From which address and with what user agent.
    pub addresses: TimeDelta,
}

/// At once and then daily, makes partitions ahead of time and forgets what is too old, until
/// `stop`. Any number of servers may do so at once.
pub(crate) async fn keep(
    pool: PgPool,
    retention: Retention,
    clock: Clock,
    stop: CancellationToken,
) {
    let mut tick = tokio::time::interval(EVERY);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let now = clock.now();
        if let Err(error) = partitions::prepare(&pool, now).await {
            tracing::warn!(%error, "the login history has no partitions ahead of time");
        }
        match forget(&pool, retention, now).await {
            Ok((months, addresses)) => tracing::debug!(months, addresses, "history forgotten"),
            Err(error) => tracing::warn!(%error, "old login history was not forgotten"),
        }
    }
}

async fn forget(
    pool: &PgPool,
    retention: Retention,
    now: DateTime<Utc>,
) -> sqlx::Result<(usize, u64)> {
    let months = partitions::drop_before(pool, now - retention.tries).await?;
    let blanked = sqlx::query!(
        "UPDATE login_history SET address = NULL, user_agent = NULL
         WHERE at < $1 AND (address IS NOT NULL OR user_agent IS NOT NULL)",
        now - retention.addresses,
    )
    .execute(pool)
    .await?;
    Ok((months, blanked.rows_affected()))
}
