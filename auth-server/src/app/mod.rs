//! The server as a whole: everything put together, listening, and stopped in good order.

pub(crate) mod build;
pub(crate) mod health;
pub(crate) mod listener;
pub(crate) mod open;
pub(crate) mod ops;
pub(crate) mod routes;
pub(crate) mod run;
pub(crate) mod start_error;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use start_error::StartError;

use crate::clock::Clock;
use crate::config::Config;
use build::{Background, Built, build};
use health::Health;
use listener::Listener;

/// A server that is ready to answer. Several can live in one process.
pub struct Application {
    api: Listener,
    ops: Option<Listener>,
    health: Arc<Health>,
    drain: Duration,
    background: TaskTracker,
    stop: CancellationToken,
}

impl Application {
    /// Connects, checks the database, loads the policy and binds the addresses.
    ///
    /// # Errors
    /// Says what is missing and what to do.
    pub async fn build(config: Config, clock: Clock) -> Result<Self, StartError> {
        let (background, stop) = (TaskTracker::new(), CancellationToken::new());
        let Built { state, mfa, health, metrics } =
            build(&config, clock, Background { tasks: &background, stop: &stop }).await?;
        let ops = match config.server.ops_listen {
            None => None,
            Some(address) => {
                let endpoint = ops::endpoint(Arc::clone(&health), metrics.clone());
                Some(Listener::bind("AUTH_OPS_LISTEN", address, endpoint).await?)
            }
        };
        let endpoint = routes::endpoint(&state, mfa, &health, &metrics, &config.server);
        let api = Listener::bind("AUTH_LISTEN", config.server.listen, endpoint).await?;
        Ok(Self { api, ops, health, drain: config.server.drain(), background, stop })
    }

    /// Address of the API.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.api.address
    }

    /// Address of metrics and health, if they are served.
    #[must_use]
    pub fn ops_address(&self) -> Option<SocketAddr> {
        self.ops.as_ref().map(|listener| listener.address)
    }
}
