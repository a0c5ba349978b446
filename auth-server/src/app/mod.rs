//! The server as a whole: everything built, listening, and stopped gracefully.

pub(crate) mod build;
mod expiry;
pub(crate) mod health;
pub(crate) mod open;
pub(crate) mod routes;
pub(crate) mod start_error;

use std::net::SocketAddr;
use std::sync::Arc;

use service::health::LivenessApi;
use service::lifecycle::Lifecycle;
use service::server::{Listener, Server};
use service::{build as program, ops};

pub use start_error::StartError;

use crate::clock::Clock;
use crate::config::Config;
use build::{Built, build};
use health::ReadinessApi;

/// A server that is ready to answer. Several can live in one process.
pub struct Application {
    server: Server,
    revision: i64,
}

impl Application {
    /// Connects, checks the database, loads the policy and binds the addresses.
    ///
    /// # Errors
    /// Says what is missing and what to do.
    pub async fn build(config: Config, clock: Clock) -> Result<Self, StartError> {
        let lifecycle = Lifecycle::default();
        let built = build(&config, clock, &lifecycle).await?;
        let ops = match &config.server.ops_listen {
            None => None,
            Some(address) => {
                let endpoint = operators(&built, &lifecycle);
                Some(Listener::bind("AUTH_OPS_LISTEN", address, endpoint).await?)
            }
        };
        let endpoint = routes::endpoint(&built, &lifecycle, &config.server);
        let api = Listener::bind("AUTH_LISTEN", &config.server.listen, endpoint).await?;
        let revision = built.state.policy.snapshot().revision();
        let server = Server { api, ops, drain: config.server.drain(), lifecycle };
        Ok(Self { server, revision })
    }

    /// Address of the API.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.server.api.address()
    }

    /// Address of metrics and health, if they are served.
    #[must_use]
    pub fn ops_address(&self) -> Option<SocketAddr> {
        self.server.ops.as_ref().map(Listener::address)
    }

    /// Serves until `shutdown`, then finishes open requests.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) {
        tracing::info!(
            version = program::VERSION,
            commit = program::COMMIT,
            address = %self.address(),
            ops_address = self.ops_address().map(tracing::field::display),
            revision = self.revision,
            "listening"
        );
        self.server.run(shutdown).await;
    }
}

/// What the operators' listener serves.
fn operators(built: &Built, lifecycle: &Lifecycle) -> impl poem::Endpoint + use<> {
    let readiness = ReadinessApi(Arc::clone(&built.health));
    let (health, metrics) = (Arc::clone(&built.health), built.metrics.clone());
    let refresh = move || {
        let (health, metrics) = (Arc::clone(&health), metrics.clone());
        async move { health.measure(&metrics).await }
    };
    let apis = (LivenessApi(lifecycle.clone()), readiness);
    ops::endpoint(apis, Arc::clone(&built.metrics.registry), refresh)
}
