//! Which previews are running: one for each caller.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use crate::http::problem::{Problem, Spec};

const RUNNING: Spec =
    Spec::new(503, "preview_running", "Your previous preview is still running; wait for its end.");
const TIMED_OUT: Spec =
    Spec::new(503, "preview_timed_out", "The preview took longer than ten seconds.");

/// Errors of a preview, besides those of the change itself.
pub(crate) const PREVIEW: &[Spec] = &[RUNNING, TIMED_OUT];

/// The callers whose previews are running.
#[derive(Clone, Default)]
pub(crate) struct Previews(Arc<Mutex<HashSet<Uuid>>>);

/// The right of a caller to a preview, until it is dropped.
pub(crate) struct RunningPreview {
    previews: Previews,
    caller: Uuid,
}

impl Previews {
    /// Begins a preview for this caller.
    ///
    /// # Errors
    /// Another one is running.
    pub(crate) fn begin(&self, caller: Uuid) -> Result<RunningPreview, Problem> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.insert(caller) {
            return Ok(RunningPreview { previews: self.clone(), caller });
        }
        Err(Problem::new(RUNNING).retry_after(1))
    }
}

impl Drop for RunningPreview {
    fn drop(&mut self) {
        self.previews.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.caller);
    }
}

/// The problem of a preview that took too long.
pub(crate) fn timed_out() -> Problem {
    Problem::new(TIMED_OUT).retry_after(10)
}
