//! Liveness. Readiness depends on what a program needs, so each program answers that itself.

use std::sync::Arc;
use std::time::Duration;

use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi, Tags};

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::lifecycle::{Lifecycle, joined};

/// Section of the API page.
#[derive(Tags)]
pub enum Tag {
    /// Health probes for operators.
    Operation,
}

/// State of a service that this program needs or uses.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[oai(rename_all = "snake_case")]
pub enum State {
    /// It responds.
    Up,
    /// It does not respond, or refuses the connection.
    Down,
    /// It responds but takes no writes: it is read-only or full, or a privilege is missing.
    Unusable,
    /// It is not configured.
    Off,
}

/// How long a [`Recent`] result is served.
const MAX_AGE: Duration = Duration::from_secs(1);

/// The result of a check of other services, at most a second old. Callers need no credentials, so they
/// must not decide how often these services are asked. Clones share it.
#[derive(Clone, Debug)]
pub struct Recent<T>(Arc<Mutex<Option<(Instant, T)>>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }
}

impl<T: Clone + Send + 'static> Recent<T> {
    /// The last result, or that of `check` if there is none or it is too old. Concurrent callers share
    /// one check, which runs to its end even if its caller leaves.
    pub async fn get_or(&self, check: impl Future<Output = T> + Send + 'static) -> T {
        let mut last = Arc::clone(&self.0).lock_owned().await;
        if let Some((at, result)) = &*last
            && at.elapsed() < MAX_AGE
        {
            return result.clone();
        }
        joined(tokio::spawn(async move {
            let result = check.await;
            *last = Some((Instant::now(), result.clone()));
            result
        }))
        .await
    }

    /// Makes the next caller check again.
    pub async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

/// `GET /health/live`.
pub struct LivenessApi(pub Lifecycle);

/// Whether the process works.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
struct Liveness {
    /// False when the process has to be restarted.
    live: bool,
    /// The background task that ended unexpectedly.
    failed_task: Option<String>,
}

#[derive(ApiResponse)]
enum LiveResponse {
    /// The process works.
    #[oai(status = 200)]
    Live(Json<Liveness>),
    /// The process has to be restarted: a background task ended unexpectedly.
    #[oai(status = 503)]
    Dead(Json<Liveness>),
}

#[OpenApi(tag = "Tag::Operation")]
impl LivenessApi {
    /// Check whether the process works.
    ///
    /// For an orchestrator that restarts failed processes. Contacts no other service.
    #[oai(path = "/health/live", method = "get", operation_id = "get_liveness")]
    #[expect(clippy::unused_async, reason = "operations are async")]
    async fn live(&self) -> LiveResponse {
        match self.0.failed_task() {
            None => LiveResponse::Live(Json(Liveness { live: true, failed_task: None })),
            Some(task) => LiveResponse::Dead(Json(Liveness {
                live: false,
                failed_task: Some(task.to_owned()),
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_check_goes_on_although_its_caller_has_left() {
        let (recent, (end, ended)) = (Recent::default(), oneshot::channel());
        let first = recent.clone();
        let caller = tokio::spawn(async move { first.get_or(async { ended.await.is_ok() }).await });
        while recent.0.try_lock().is_ok() {
            tokio::task::yield_now().await;
        }
        tokio::task::yield_now().await;
        caller.abort();
        end.send(()).expect("the check waits");
        assert!(recent.get_or(async { false }).await);
    }
}
