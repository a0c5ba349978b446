//! `auth-server serve`.

use service::{log, shutdown};

use super::Failure;
use crate::app::Application;
use crate::clock::Clock;
use crate::config::Config;

pub(crate) async fn run(config: Config) -> Result<(), Failure> {
    log::start(&config.log);
    // Received from here on: a stop during the start is not lost.
    let stop = shutdown::requested().map_err(Failure::because)?;
    let application = Application::build(config, Clock::default()).await?;
    application.run(stop).await;
    Ok(())
}
