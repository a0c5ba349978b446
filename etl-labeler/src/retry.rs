//! Waiting for an Elasticsearch that is overloaded, restarting or blocked by a full disk. Every request that may
//! be repeated waits in this way, with the same growing delays.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use crate::elastic::ElasticError;

const FIRST_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(10);

/// How long requests wait, and what ends that earlier.
#[derive(Debug, Clone, Default)]
pub(crate) struct Retry {
    /// How long Elasticsearch may accept nothing; zero: requests are sent once.
    limit: Duration,
    stop: CancellationToken,
    /// Whether Elasticsearch has answered before. One that never has is more probably somewhere else.
    answered: Arc<AtomicBool>,
}

impl Retry {
    pub(crate) fn with(&self, limit: Duration, stop: CancellationToken) -> Self {
        Self { limit, stop, answered: Arc::clone(&self.answered) }
    }

    /// The attempts at one request.
    pub(crate) fn attempts(&self) -> Attempts<'_> {
        Attempts { retry: self, started: Instant::now(), delay: FIRST_DELAY, waits: 0 }
    }

    fn is_temporary(&self, error: &ElasticError) -> bool {
        match error {
            ElasticError::Refused { status, .. } => matches!(status, 408 | 429 | 502..=504),
            ElasticError::Unreachable { .. } => self.answered.load(Ordering::Relaxed),
            _ => false,
        }
    }
}

/// The attempts at one request, until it succeeds or there is no use in another.
pub(crate) struct Attempts<'r> {
    retry: &'r Retry,
    started: Instant,
    delay: Duration,
    waits: u64,
}

impl Attempts<'_> {
    /// Waits after a failed attempt.
    ///
    /// # Errors
    /// The same error if another attempt would end alike or the time is over; [`ElasticError::Interrupted`] if the
    /// process is to stop.
    pub(crate) async fn wait(&mut self, error: ElasticError) -> Result<(), ElasticError> {
        if self.retry.is_temporary(&error) { self.wait_anyway(error).await } else { Err(error) }
    }

    /// Waits as [`Self::wait`], after an error that the caller knows to be temporary.
    pub(crate) async fn wait_anyway(&mut self, error: ElasticError) -> Result<(), ElasticError> {
        let Retry { limit, stop, .. } = self.retry;
        if self.started.elapsed() + self.delay > *limit {
            return Err(error);
        }
        // The others would say the same.
        if self.waits == 0 {
            tracing::warn!(%error, "asking Elasticsearch again for up to {limit:?}");
        }
        self.waits += 1;
        let slept = stop.run_until_cancelled(tokio::time::sleep(self.delay)).await;
        self.delay = (self.delay * 2).min(MAX_DELAY);
        slept.ok_or(ElasticError::Interrupted)
    }

    /// Ends the attempts with a success.
    pub(crate) fn succeeded(&self) {
        self.retry.answered.store(true, Ordering::Relaxed);
        if self.waits > 0 {
            let seconds = self.started.elapsed().as_secs();
            tracing::info!(
                attempts = self.waits + 1,
                seconds,
                "Elasticsearch accepts requests again"
            );
        }
    }
}
