//! Deleting old data: addresses and user agents first, later whole months; and the data of deleted
//! accounts.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::partitions;
use crate::clock::Clock;
use crate::config::HistoryConfig;
use crate::db::{PgConnection, PgPool};

const INTERVAL: Duration = Duration::from_hours(24);

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
    let blanked = sqlx::query!(
        "UPDATE login_history SET address = NULL, user_agent = NULL
         WHERE at < $1 AND (address IS NOT NULL OR user_agent IS NOT NULL)",
        now - retention.addresses,
    )
    .execute(pool)
    .await?;
    Ok(Deleted { months, addresses: blanked.rows_affected() })
}

/// Removes everything that identifies the user or their devices; attempts and outcomes are kept. To be
/// called before the account is deleted.
pub(crate) async fn anonymize(transaction: &mut PgConnection, user: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE login_history
         SET user_id = NULL, session_id = NULL, address = NULL, user_agent = NULL
         WHERE user_id = $1",
        user,
    )
    .execute(transaction)
    .await?;
    Ok(())
}
