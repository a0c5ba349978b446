//! Evaluations that take milliseconds run off the threads that serve requests: there, each would
//! delay every other request on its thread.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::problem::{INTERNAL, Problem, Spec};
use crate::metrics::OffloadedEvaluations;

const BUSY: Spec = Spec::new(
    503,
    "evaluation_busy",
    "Too many large requests are being evaluated; try again in a moment.",
);

/// Errors of an operation whose evaluation may be offloaded.
pub(crate) const EVALUATION: &[Spec] = &[BUSY];

/// Maximum number of evaluations that wait. Each may hold a body of 2 MiB.
const MAX_WAITING: usize = 32;

/// Runs a bounded number of evaluations in parallel; a bounded number of others waits.
pub(crate) struct Offload {
    running: Arc<Semaphore>,
    places: Arc<Semaphore>,
    metrics: OffloadedEvaluations,
}

/// The right to run evaluations, one after another, for one request.
pub(crate) struct Place {
    running: Arc<Semaphore>,
    place: Arc<OwnedSemaphorePermit>,
}

impl Offload {
    /// Leaves half of the cores to the threads that serve requests.
    pub(crate) fn new(metrics: OffloadedEvaluations) -> Self {
        let threads = available_parallelism().map_or(1, NonZeroUsize::get).div_ceil(2);
        Self {
            running: Arc::new(Semaphore::new(threads)),
            places: Arc::new(Semaphore::new(threads + MAX_WAITING)),
            metrics,
        }
    }

    /// A place for one request.
    ///
    /// # Errors
    /// [`EVALUATION`].
    pub(crate) fn admit(&self) -> Result<Place, Problem> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.metrics.refused();
            return Err(Problem::new(BUSY).retry_after(1));
        };
        self.metrics.admitted();
        Ok(Place { running: Arc::clone(&self.running), place: Arc::new(place) })
    }
}

impl Place {
    /// The result of `evaluation`, which keeps the place until it ends, even if the caller hangs up.
    ///
    /// # Errors
    /// The evaluation panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        evaluation: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let running = Arc::clone(&self.running).acquire_owned().await;
        let running = running.map_err(|_| Problem::new(INTERNAL))?;
        let place = Arc::clone(&self.place);
        let evaluate = move || {
            let _held = (running, place);
            evaluation()
        };
        Ok(tokio::task::spawn_blocking(evaluate).await?)
    }
}
