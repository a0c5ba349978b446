//! Deleting old data: addresses and user agents first, later whole months.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::partitions;
use crate::clock::Clock;
use crate::config::HistoryConfig;
use crate::db::PgPool;

const INTERVAL: Duration = Duration::from_hours(24);

/// Maximum number of rows in one statement.
const BATCH: i64 = 1_000;

/// How long data is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retention {
    /// Attempts. Whole months are deleted, so up to a month longer.
    attempts: TimeDelta,
    /// Their addresses and user agents.
    addresses: TimeDelta,
}

impl Retention {
    /// The configured retention.
    #[must_use]
    pub(crate) fn from_config(config: &HistoryConfig) -> Self {
        Self {
            attempts: TimeDelta::days(config.days().into()),
            addresses: TimeDelta::days(config.address_days().into()),
        }
    }
}

/// Creates partitions in advance and deletes old data, now and then daily, until `stop`. Safe on
/// several servers at once.
pub(crate) async fn run(pool: PgPool, retention: Retention, clock: Clock, stop: CancellationToken) {
    let mut tick = tokio::time::interval(INTERVAL);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let now = clock.now();
        if let Err(error) = partitions::prepare(&pool, now).await {
            tracing::warn!(%error, "partitions of the login history not created in advance");
        }
        match delete_old(&pool, retention, now).await {
            Ok(Deleted { months, addresses }) => {
                tracing::debug!(months, addresses, "old login history deleted");
            }
            Err(error) => tracing::warn!(%error, "old login history not deleted"),
        }
    }
}

struct Deleted {
    months: usize,
    addresses: u64,
}

async fn delete_old(
    pool: &PgPool,
    retention: Retention,
    now: DateTime<Utc>,
) -> sqlx::Result<Deleted> {
    let months = partitions::drop_before(pool, now - retention.attempts).await?;
    let mut addresses = 0;
    loop {
        let erased = erase_addresses(pool, now - retention.addresses).await?;
        addresses += erased;
        if erased == 0 {
            return Ok(Deleted { months, addresses });
        }
    }
}

/// Erases addresses and user agents of a batch of attempts before this time.
async fn erase_addresses(pool: &PgPool, before: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "WITH batch AS (
             SELECT id, at FROM login_history
             WHERE at < $1 AND (address IS NOT NULL OR user_agent IS NOT NULL)
             LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         UPDATE login_history h SET address = NULL, user_agent = NULL
         FROM batch WHERE h.at = batch.at AND h.id = batch.id
             AND (h.address IS NOT NULL OR h.user_agent IS NOT NULL)",
        before,
        BATCH,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}
