//! Follows the revocations of other processes.
//!
//! The database is polled twice a second, whatever else happens: it misses nothing, since a revocation
//! is recorded in the transaction that causes it. Losing Redis, or its data, loses no revocation.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::RevocationState;
use super::publisher::RevocationStream;
use crate::clock::Clock;
use crate::db::DedicatedConnection;
use crate::session;
use crate::session::Horizon;

/// Time between two polls: half of the time within which a revocation is in force everywhere.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Longest duration of a poll; then its connection is replaced, and the poll repeated once.
const TIMEOUT: Duration = Duration::from_millis(450);

/// Keeps a [`RevocationState`] up to date.
pub(crate) struct Follower {
    /// Its own: revocations must not wait for requests.
    connection: DedicatedConnection<Horizon>,
    state: Arc<RevocationState>,
    stream: Option<RevocationStream>,
    clock: Clock,
}

impl Follower {
    pub(crate) fn new(
        connection: DedicatedConnection<Horizon>,
        state: Arc<RevocationState>,
        stream: Option<RevocationStream>,
        clock: Clock,
    ) -> Self {
        Self { connection, state, stream, clock }
    }

    /// Applies the revocations recorded since the last call; on a new connection all of them. Returns what
    /// PostgreSQL's clock shows.
    pub(crate) async fn catch_up(&mut self) -> sqlx::Result<DateTime<Utc>> {
        let asked = Instant::now();
        let (db, horizon) = self.connection.get_with_memory().await?;
        let is_first = *horizon == Horizon::default();
        let reading = session::since(db, *horizon, self.clock.now());
        let recorded = if is_first {
            // All revocations: as long as a statement may take.
            reading.await?
        } else {
            timeout(TIMEOUT, reading).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))?
        };
        for revocation in &recorded.revocations {
            self.state.list.add(revocation);
        }
        *horizon = recorded.horizon;
        self.state.freshness.confirmed_by_database(asked);
        Ok(self.clock.elsewhere(recorded.clock))
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
        let following = async {
            tokio::join!(listening, self.poll());
        };
        // Boxed: it is large, and stays where it is for as long as the server runs.
        stop.run_until_cancelled(Box::pin(following)).await;
    }

    async fn poll(&mut self) {
        let mut tick = tokio::time::interval(POLL_INTERVAL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.state.connected.notified() => {}
            }
            let mut caught_up = self.catch_up().await;
            if caught_up.is_err() {
                caught_up = self.catch_up().await;
            }
            let failed = caught_up.is_err();
            if failed && !failing {
                tracing::warn!("cannot read revocations from the database");
            } else if failing && !failed {
                tracing::info!("reading revocations from the database again");
            }
            failing = failed;
            if let Ok(there) = caught_up {
                // A clock that is ahead must not forget what others have just revoked.
                self.state.list.sweep(there.min(self.clock.now()));
            }
        }
    }
}
