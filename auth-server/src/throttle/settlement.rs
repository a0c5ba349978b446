//! Ends of attempts that Redis did not learn of, because it was unavailable for a moment. It is told later, also at
//! a stop: otherwise each such moment would give an attacker more attempts. If only its answer was lost, a failure
//! counts twice.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::CounterUpdate;
use super::counter::Counter;
use super::limits::ThrottleLimits;
use super::shared::SharedCounters;

/// Maximum number of ends that wait. Each costs an attacker an attempt, which this server has counted by itself.
pub(super) const CAPACITY: usize = 10_000;

/// Time between two attempts to tell Redis.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// The end of an attempt.
pub(crate) struct Settlement {
    pub(super) attempt: Uuid,
    pub(super) updates: Vec<(Counter, CounterUpdate)>,
    /// Unix time, ms.
    pub(super) at: i64,
}

impl Settlement {
    /// The same, to be told later: failures that were counted meanwhile must not be forgotten.
    pub(super) fn late(mut self) -> Self {
        for (_, update) in &mut self.updates {
            if *update == CounterUpdate::Reset {
                *update = CounterUpdate::Released;
            }
        }
        self
    }
}

/// Tells Redis later.
pub(crate) struct LateSettlements {
    pub(super) shared: Arc<SharedCounters>,
    pub(super) limits: ThrottleLimits,
    pub(super) waiting: mpsc::Receiver<Settlement>,
}

impl LateSettlements {
    /// Until `stop`; then each that still waits once more.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut next = None;
        while !stop.is_cancelled() {
            let Some(settlement) = &next else {
                next = stop.run_until_cancelled(self.waiting.recv()).await.flatten();
                continue;
            };
            if self.shared.settle(settlement, &self.limits).await {
                next = None;
            } else {
                stop.run_until_cancelled(sleep(RETRY_INTERVAL)).await;
            }
        }
        self.finish(next).await;
    }

    async fn finish(mut self, mut next: Option<Settlement>) {
        if next.is_none() && self.waiting.is_empty() {
            return;
        }
        // Redis is not asked earlier.
        sleep(RETRY_INTERVAL).await;
        while let Some(settlement) = next.take().or_else(|| self.waiting.try_recv().ok()) {
            if !self.shared.settle(&settlement, &self.limits).await {
                let lost = self.waiting.len() + 1;
                tracing::warn!(lost, "Redis did not learn how attempts ended");
                return;
            }
        }
    }
}
