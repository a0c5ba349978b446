//! The signals that ask a program to stop.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Completes at the first SIGTERM or SIGINT. Signals are received from the call on, so that one that
/// arrives during the start is not lost.
///
/// # Errors
/// The operating system provides no signal handlers.
pub fn requested() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// A token that is canceled at the first SIGTERM or SIGINT.
///
/// # Errors
/// The operating system provides no signal handlers.
pub fn token() -> std::io::Result<CancellationToken> {
    let (requested, stop) = (requested()?, CancellationToken::new());
    let canceled = stop.clone();
    tokio::spawn(async move {
        requested.await;
        canceled.cancel();
    });
    Ok(stop)
}
