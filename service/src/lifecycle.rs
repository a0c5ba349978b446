//! Background tasks, and whether the process is draining.

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long what requests have begun may take at a stop.
const BEGUN_DRAIN: Duration = Duration::from_secs(10);

/// The background tasks of a process and its way out. Clones share everything.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    tasks: TaskTracker,
    begun: TaskTracker,
    stop: CancellationToken,
    draining: Arc<AtomicBool>,
    failed: Arc<OnceLock<&'static str>>,
}

impl Lifecycle {
    /// Canceled when background tasks have to end.
    #[must_use]
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// The tracker, for tasks that may end by themselves.
    #[must_use]
    pub fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// The tracker of what requests have begun and has to end even if their clients are gone. At a stop, the
    /// background tasks go on until it has.
    #[must_use]
    pub fn begun(&self) -> &TaskTracker {
        &self.begun
    }

    /// Runs a task that the process cannot do without. If it ends before the process stops, the
    /// process no longer counts as live, so that an orchestrator restarts it.
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let ended = Ended { name, stop: self.stop.clone(), failed: Arc::clone(&self.failed) };
        self.tasks.spawn(async move {
            let _ended = ended;
            task.await;
        });
    }

    /// Name of the first background task that ended although the process had not stopped.
    #[must_use]
    pub fn failed_task(&self) -> Option<&'static str> {
        self.failed.get().copied()
    }

    /// From now on the process is not ready for new requests.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// True once the process finishes open requests before it stops.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Waits for what requests have begun, but not for long, then stops the background tasks and waits until
    /// they have ended.
    pub async fn stop(&self) {
        self.begun.close();
        if timeout(BEGUN_DRAIN, self.begun.wait()).await.is_err() {
            tracing::warn!(unfinished = self.begun.len(), "stopped before everything was finished");
        }
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Dropped when a task ends, whether it returned or panicked.
struct Ended {
    name: &'static str,
    stop: CancellationToken,
    failed: Arc<OnceLock<&'static str>>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        if !self.stop.is_cancelled() && self.failed.set(self.name).is_ok() {
            tracing::error!(task = self.name, "a background task ended unexpectedly");
        }
    }
}

/// The result of a task that goes on if nobody waits for it. A panic in it goes on here, as if the work had been
/// done in place.
pub async fn joined<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is shutting down, and this task with it.
            Err(_) => pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_early_is_reported() {
        let lifecycle = Lifecycle::default();
        let stop = lifecycle.stop_token();
        lifecycle.spawn("waits", async move { stop.cancelled().await });
        lifecycle.spawn("panics", async { panic!("boom") });
        tokio::time::timeout(std::time::Duration::from_secs(5), async {
            while lifecycle.failed_task().is_none() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("noticed");
        assert_eq!(lifecycle.failed_task(), Some("panics"));
        lifecycle.stop().await;
    }

    #[tokio::test]
    async fn a_task_that_ends_on_request_is_fine() {
        let lifecycle = Lifecycle::default();
        let stop = lifecycle.stop_token();
        lifecycle.spawn("waits", async move { stop.cancelled().await });
        lifecycle.stop().await;
        assert_eq!(lifecycle.failed_task(), None);
    }

    #[tokio::test]
    async fn background_tasks_go_on_until_what_was_begun_has_ended() {
        let lifecycle = Lifecycle::default();
        let (stop, told) = (lifecycle.stop_token(), tokio::sync::oneshot::channel());
        lifecycle.begun().spawn(async move {
            tokio::task::yield_now().await;
            told.0.send(stop.is_cancelled()).expect("a receiver");
        });
        lifecycle.stop().await;
        assert_eq!(told.1.await, Ok(false));
    }
}
