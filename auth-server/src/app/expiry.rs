//! Deletes what has expired on every server.
//!
//! Not while requests are served: a server with a wrong clock would delete what other servers still need, such
//! as the note that a one-time code was used.

use std::time::Duration;

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use crate::db::{AgreedClock, PgPool};
use crate::email::token_store;
use crate::oidc::flow;
use crate::policy::journal;
use crate::second_factor::store as second_factors;
use crate::session::sweep as sessions;

const INTERVAL: Duration = Duration::from_mins(10);

/// How long entries of the policy journal are kept.
const JOURNAL_RETENTION: TimeDelta = TimeDelta::days(1);

/// Deletes every ten minutes, until `stop`. A session lasts at most `session_lifetime`. Any number of servers
/// may do so at the same time.
pub(crate) async fn sweep(
    pool: PgPool,
    session_lifetime: TimeDelta,
    clock: AgreedClock,
    stop: CancellationToken,
) {
    let mut tick = tokio::time::interval(INTERVAL);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        if let Err(error) = delete(&pool, session_lifetime, &clock).await {
            tracing::warn!(%error, "cannot delete what has expired");
        }
    }
}

async fn delete(
    pool: &PgPool,
    session_lifetime: TimeDelta,
    clock: &AgreedClock,
) -> sqlx::Result<()> {
    let Some(passed) = clock.passed_everywhere().await? else { return Ok(()) };
    sessions::delete_opened_before(pool, passed - session_lifetime).await?;
    sessions::delete_revocations(pool, passed).await?;
    flow::delete_consumed(pool, passed).await?;
    second_factors::delete_consumed_challenges(pool, passed).await?;
    token_store::delete_expired(pool, passed).await?;
    journal::prune(pool, passed - JOURNAL_RETENTION).await
}
