//! Requests that wait for an overloaded Elasticsearch.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::{LabelerError, elastic::ElasticError};

pub(super) const FIRST_DELAY: Duration = Duration::from_millis(100);
pub(super) const MAX_DELAY: Duration = Duration::from_secs(10);

/// How long an import waits, and what ends it earlier.
#[derive(Clone, Copy)]
pub(super) struct Retry<'a> {
    /// How long Elasticsearch may accept nothing.
    pub(super) retry_for: Duration,
    pub(super) stop: &'a CancellationToken,
}

impl Retry<'_> {
    /// Repeats a request until Elasticsearch is not too busy for it. A busy one has not begun with it, so that
    /// nothing is done twice.
    pub(super) async fn run<T>(
        &self,
        mut request: impl AsyncFnMut() -> Result<T, LabelerError>,
    ) -> Result<T, LabelerError> {
        let (mut delay, started) = (FIRST_DELAY, Instant::now());
        loop {
            let busy = match request().await {
                Err(error) if is_busy(&error) && started.elapsed() + delay <= self.retry_for => {
                    error
                }
                done => return done,
            };
            tracing::warn!(error = %busy, "asking again in {delay:?}");
            if self.stop.run_until_cancelled(tokio::time::sleep(delay)).await.is_none() {
                return Err(LabelerError::Interrupted);
            }
            delay = (delay * 2).min(MAX_DELAY);
        }
    }
}

fn is_busy(error: &LabelerError) -> bool {
    matches!(error, LabelerError::Elastic(ElasticError::Refused { status: 429, .. }))
}
