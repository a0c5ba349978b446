//! Learning what other processes revoked.
//!
//! The database is asked twice a second, whatever else happens: it is what can't be missed, because
//! a revocation is recorded in the transaction that causes it. Redis only makes it faster, so that
//! losing Redis, or all that was in it, loses nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::publisher::{RevocationPublisher, RevocationStream};
use crate::authn::RevocationState;
use crate::clock::Clock;
use crate::session;
use crate::session::Horizon;

/// Between two looks into the database: half of what a revocation may take to count everywhere.
const EVERY: Duration = Duration::from_millis(500);

/// Longest wait for the database: one that hangs must not delay the look after it for long.
const TIMEOUT: Duration = Duration::from_millis(900);

/// Keeps an [`crate::authn::Authenticator`] informed.
pub(crate) struct Follower {
    pool: PgPool,
    state: Arc<RevocationState>,
    stream: Option<RevocationStream>,
    clock: Clock,
    seen: Horizon,
}

impl Follower {
    pub(crate) fn new(
        pool: PgPool,
        state: Arc<RevocationState>,
        redis: Option<redis::Client>,
        clock: Clock,
    ) -> (Self, Option<RevocationPublisher>) {
        let (publisher, stream) = redis.map(super::publisher::channel).unzip();
        (Self { pool, state, stream, clock, seen: Horizon::default() }, publisher)
    }

    /// Takes in what the database has recorded since the last time.
    pub(crate) async fn catch_up(&mut self) -> sqlx::Result<()> {
        let asked = Instant::now();
        let (new, seen) = session::since(&self.pool, self.seen, self.clock.now()).await?;
        for revocation in &new {
            self.state.list.add(revocation);
        }
        self.seen = seen;
        self.state.freshness.confirmed_by_database(asked);
        Ok(())
    }

    /// Follows until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let stream = self.stream.take();
        let state = self.state.clone();
        let listening = async {
            if let Some(stream) = stream {
                stream.run(&state).await;
            }
        };
        let polling = async {
            tokio::join!(listening, self.poll());
        };
        stop.run_until_cancelled(polling).await;
    }

    async fn poll(&mut self) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.state.connected.notified() => {}
            }
            let caught_up = tokio::time::timeout(TIMEOUT, self.catch_up()).await;
            let failed = !matches!(caught_up, Ok(Ok(())));
            if failed && !failing {
                tracing::warn!("the database doesn't tell what was revoked");
            } else if failing && !failed {
                tracing::info!("the database tells again what was revoked");
            }
            failing = failed;
            self.state.list.sweep(self.clock.now());
        }
    }
}
