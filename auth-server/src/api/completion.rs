//! Attempts that run to their end.
//!
//! The future of a request is dropped when its client disconnects. An attempt must not end there: it
//! would be counted by nobody, and a client that hangs up in time could guess without limit.

use std::panic::resume_unwind;

use service::http::RequestContext;

use super::AppState;

impl AppState {
    /// Runs an attempt to its end, whether or not the client waits for the result. It is limited in
    /// number by what it waits for first.
    pub(crate) async fn complete<T: Send + 'static>(
        &self,
        attempt: impl Future<Output = T> + Send + 'static,
    ) -> T {
        match self.tasks.spawn(RequestContext::carry(attempt)).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                // The request fails as if the attempt had been made in its own task.
                Ok(panic) => resume_unwind(panic),
                // The runtime is shutting down, and this task with it.
                Err(_) => std::future::pending().await,
            },
        }
    }
}
