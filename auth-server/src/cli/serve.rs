//! `auth-server serve`.

use service::config::Loaded;
use service::{log, shutdown};

use super::Failure;
use crate::app::Application;
use crate::clock::Clock;
use crate::config::Config;

pub(crate) async fn run(loaded: Loaded<Config>) -> Result<(), Failure> {
    log::start(&loaded.config.log);
    let config = loaded.warn();
    // Received from here on: a stop during the start is not lost.
    let stop = shutdown::requested().map_err(Failure::because)?;
    let application = Application::build(config, Clock::default()).await?;
    application.run(stop).await;
    Ok(())
}
