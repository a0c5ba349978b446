//! `auth-server serve`.

use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use crate::app::Application;
use crate::clock::Clock;
use crate::config::Config;
use crate::log;

pub(crate) async fn run(config: Config) -> Result<(), Failure> {
    log::start(&config.log);
    // Listened for from here on: a stop during the start is not lost.
    let stop = stop().map_err(Failure::because)?;
    let application = Application::build(config, Clock::default()).await;
    application.map_err(Failure::because)?.run(stop).await.map_err(Failure::because)
}

/// Ends at the first SIGTERM or SIGINT.
fn stop() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
