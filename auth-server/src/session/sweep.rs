//! Forgetting what can't matter any more.

use std::time::Duration;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{Limits, store};
use crate::clock::Clock;

const EVERY: Duration = Duration::from_mins(10);

/// Forgets dead sessions and revocations now and then, until `stop`. Any number of servers may do
/// so at once.
pub(crate) async fn sweep(pool: PgPool, limits: Limits, clock: Clock, stop: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let now = clock.now();
        let swept = tokio::try_join!(
            store::forget_before(&pool, now - limits.absolute),
            store::forget_revocations(&pool, now),
        );
        match swept {
            Ok((sessions, revocations)) => tracing::debug!(sessions, revocations, "swept"),
            Err(error) => tracing::warn!(%error, "dead sessions were not swept"),
        }
    }
}
