//! Deletes the favorites of deleted accounts, which auth-server lists.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use service::clock::Clock;
use service::database::{Limits, PgPool};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::error::{NOT_MIGRATED, is_not_migrated};
use super::store;
use crate::authorization::{AuthError, Authorization};
use crate::metrics::DeletionMetrics;

/// How often auth-server is asked.
const INTERVAL: Duration = Duration::from_secs(5);

/// A deletion is applied again and again until it is so old. A request that was being answered may add
/// a favorite after the account was deleted, and clocks may differ.
const SETTLED_AFTER: TimeDelta = TimeDelta::minutes(5);

/// Why deletions are not applied.
#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error("{0}")]
    Auth(#[from] AuthError),
    #[error("{NOT_MIGRATED} (PostgreSQL: {0})")]
    NotMigrated(#[source] sqlx::Error),
    #[error("PostgreSQL: {0}")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for FollowError {
    fn from(error: sqlx::Error) -> Self {
        if is_not_migrated(&error) { Self::NotMigrated(error) } else { Self::Database(error) }
    }
}

/// Follows the deletions of accounts. Several processes may do so at the same time.
pub(crate) struct DeletionFollower {
    authorization: Arc<Authorization>,
    pool: PgPool,
    metrics: DeletionMetrics,
    clock: Clock,
}

impl DeletionFollower {
    pub(crate) fn new(
        authorization: Arc<Authorization>,
        pool: &PgPool,
        metrics: DeletionMetrics,
        clock: Clock,
    ) -> Self {
        Self { authorization, pool: pool.with_limits(Limits::MAINTENANCE), metrics, clock }
    }

    /// Follows until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut failing, mut applied_at) = (false, self.clock.now());
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let asked_at = self.clock.now();
            let Some(applied) = stop.run_until_cancelled(self.catch_up()).await else { return };
            match &applied {
                Ok(()) if failing => tracing::info!("following deleted accounts again"),
                Err(error) if !failing => {
                    tracing::error!(%error, "favorites of deleted accounts are not deleted");
                }
                Ok(()) | Err(_) => {}
            }
            failing = applied.is_err();
            if !failing {
                applied_at = asked_at;
            }
            self.metrics.set_age(self.clock.now() - applied_at);
        }
    }

    /// Applies all deletions that auth-server lists, page by page.
    async fn catch_up(&self) -> Result<(), FollowError> {
        let settled = self.clock.now() - SETTLED_AFTER;
        let mut after = store::applied_deletions(&self.pool).await?;
        loop {
            let page = self.authorization.deleted_users(after).await?;
            let times = page.items.iter().map(|account| account.deleted_at);
            let until = times.filter(|deleted_at| *deleted_at < settled).max();
            let users: Vec<_> = page.items.iter().map(|account| account.user_id).collect();
            if !users.is_empty() {
                let favorites = store::apply_deletions(&self.pool, &users, until).await?;
                self.metrics.deleted(favorites);
                if favorites > 0 {
                    tracing::info!(favorites, "favorites of deleted accounts deleted");
                }
            }
            let Some(next) = page.next else { return Ok(()) };
            after = Some(next);
        }
    }
}
