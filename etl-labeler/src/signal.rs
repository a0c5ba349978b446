//! SIGTERM and SIGINT.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::LabelerError;

/// Cancels `stop` at the first SIGTERM or SIGINT.
///
/// # Errors
/// When the system gives no signal handlers.
pub fn cancel_on_signal(stop: CancellationToken) -> Result<(), LabelerError> {
    let handler =
        |kind| signal(kind).map_err(|e| LabelerError::Worker(format!("can't handle signals: {e}")));
    let mut terminate = handler(SignalKind::terminate())?;
    let mut interrupt = handler(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.cancel();
    });
    Ok(())
}
