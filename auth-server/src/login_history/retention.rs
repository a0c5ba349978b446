//! Deleting old data: addresses and user agents first, later whole months.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::partitions;
use crate::config::HistoryConfig;
use crate::db::{AgreedClock, PgPool};

const INTERVAL: Duration = Duration::from_hours(24);

/// Time until the next try while the database is unavailable or the clocks differ, and until the next month
/// is deleted: one at a time, so that a mistake is noticed before it has taken everything.
const SHORT_INTERVAL: Duration = Duration::from_hours(1);

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
pub(crate) async fn run(
    pool: PgPool,
    retention: Retention,
    clock: AgreedClock,
    stop: CancellationToken,
) {
    let mut wait = Duration::ZERO;
    while stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
        wait = match maintain(&pool, retention, &clock).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(%error, "the login history is not maintained");
                SHORT_INTERVAL
            }
        };
    }
}

/// Returns the time until the next run.
async fn maintain(
    pool: &PgPool,
    retention: Retention,
    clock: &AgreedClock,
) -> sqlx::Result<Duration> {
    // A wrong clock creates partitions that are not needed yet, which harms nothing.
    partitions::prepare(pool, clock.unconfirmed().now()).await?;
    let Some(now) = clock.agreed().await? else { return Ok(SHORT_INTERVAL) };
    let month = partitions::drop_oldest_before(pool, now - retention.attempts).await?;
    if let Some(month) = &month {
        tracing::info!(partition = month, "a month of the login history is deleted");
    }
    let mut addresses = 0;
    loop {
        let erased = erase_addresses(pool, now - retention.addresses).await?;
        addresses += erased;
        if erased == 0 {
            tracing::debug!(addresses, "addresses of old logins erased");
            return Ok(if month.is_some() { SHORT_INTERVAL } else { INTERVAL });
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
