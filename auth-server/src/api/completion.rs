//! Attempts that run to their end.
//!
//! The future of a request is dropped when its client disconnects. An attempt must not end there: it
//! would be counted by nobody, and a client that hangs up in time could guess without limit.

use service::http::RequestContext;
use service::lifecycle::joined;

use super::AppState;

impl AppState {
    /// Runs an attempt to its end, whether or not the client waits for the result. It is limited in
    /// number by what it waits for first.
    pub(crate) async fn complete<T: Send + 'static>(
        &self,
        attempt: impl Future<Output = T> + Send + 'static,
    ) -> T {
        joined(self.begun.spawn(RequestContext::carry(attempt))).await
    }
}
