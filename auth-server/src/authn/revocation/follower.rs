//! Learning what other processes revoked.
//!
//! The database is asked twice a second, whatever else happens: it is what can't be missed, because
//! a revocation is recorded in the transaction that causes it. Redis only makes it faster, so that
//! losing Redis, or all that was in it, loses nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::publisher::{Spread, Wire};
use crate::authn::Known;
use crate::clock::Clock;
use crate::session;
use crate::session::Horizon;

/// Between two looks into the database: half of what a revocation may take to count everywhere.
const EVERY: Duration = Duration::from_millis(500);

/// Longest wait for the database: one that hangs must not delay the look after it for long.
const PATIENCE: Duration = Duration::from_millis(900);

/// Keeps an [`crate::authn::Authenticator`] informed.
pub(crate) struct Follower {
    pool: PgPool,
    known: Arc<Known>,
    wire: Option<Wire>,
    clock: Clock,
    seen: Horizon,
}

impl Follower {
    pub(crate) fn new(
        pool: PgPool,
        known: Arc<Known>,
        redis: Option<redis::Client>,
        clock: Clock,
    ) -> (Self, Option<Spread>) {
        let (spread, wire) = redis.map(crate::authn::revocation::publisher::pair).unzip();
        (Self { pool, known, wire, clock, seen: Horizon::default() }, spread)
    }

    /// Takes in what the database has recorded since the last time.
    pub(crate) async fn catch_up(&mut self) -> sqlx::Result<()> {
        let asked = Instant::now();
        let (new, seen) = session::since(&self.pool, self.seen, self.clock.now()).await?;
        for revocation in &new {
            self.known.marks.add(revocation);
        }
        self.seen = seen;
        self.known.freshness.told_by_database(asked);
        Ok(())
    }

    /// Follows until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let wire = self.wire.take();
        let known = self.known.clone();
        let listening = async {
            if let Some(wire) = wire {
                wire.run(&known).await;
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
        let mut away = false;
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.known.connected.notified() => {}
            }
            let caught_up = tokio::time::timeout(PATIENCE, self.catch_up()).await;
            let failed = !matches!(caught_up, Ok(Ok(())));
            if failed && !away {
                tracing::warn!("the database doesn't tell what was revoked");
            } else if away && !failed {
                tracing::info!("the database tells again what was revoked");
            }
            away = failed;
            self.known.marks.sweep(self.clock.now());
        }
    }
}
