//! From a bound address to a graceful stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use poem::{Endpoint, EndpointExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection::{self, Addresses, Phase};
use crate::http::UnreadBodies;
use crate::lifecycle::Lifecycle;

/// An address cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: cannot listen on {address}: {source}")]
pub struct ListenError {
    /// The setting that holds the address.
    pub setting: &'static str,
    /// The address.
    pub address: SocketAddr,
    /// The operating system's reason.
    pub source: std::io::Error,
}

/// Serves until the future completes, then finishes open requests for at most the duration.
type Serve = Box<dyn FnOnce(BoxFuture<'static, ()>, Duration) -> BoxFuture<'static, ()> + Send>;

/// A bound address, ready to be served.
pub struct Listener {
    address: SocketAddr,
    serve: Serve,
}

impl Listener {
    /// Binds `address`; `setting` names it in the error. Port 0 takes a free port.
    ///
    /// # Errors
    /// The address is in use or not local.
    pub async fn bind<E: Endpoint + 'static>(
        setting: &'static str,
        address: SocketAddr,
        endpoint: E,
    ) -> Result<Self, ListenError> {
        let failed = |source| ListenError { setting, address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        // Typed until here: a boxed endpoint would cost every request another allocation.
        let endpoint = Arc::new(endpoint.with(UnreadBodies));
        let serve = move |stop, drain| accept(listener, address, endpoint, stop, drain).boxed();
        Ok(Self { address, serve: Box::new(serve) })
    }

    /// The address with the port that was bound.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then finishes open requests for at most `drain`.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static, drain: Duration) {
        (self.serve)(stop.boxed(), drain).await;
    }
}

/// Serves every connection in a task of its own.
async fn accept<E: Endpoint + 'static>(
    listener: TcpListener,
    address: SocketAddr,
    endpoint: Arc<E>,
    mut stop: BoxFuture<'static, ()>,
    drain: Duration,
) {
    let (connections, phase) = (TaskTracker::new(), Phase::default());
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, client)) => {
                let addresses = Addresses { server: address, client };
                connections.spawn(connection::serve(
                    socket,
                    addresses,
                    Arc::clone(&endpoint),
                    phase.clone(),
                ));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection is not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    phase.draining.cancel();
    if tokio::time::timeout(drain, connections.wait()).await.is_err() {
        phase.ended.cancel();
        connections.wait().await;
    }
}

/// Time without accepting after an error, which is usually that the process has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Time for the operators' listener to finish a scrape.
const OPS_DRAIN: Duration = Duration::from_secs(1);

/// The listeners and background tasks of a program that serves.
pub struct Server {
    /// The API.
    pub api: Listener,
    /// Metrics and health, if they are served.
    pub ops: Option<Listener>,
    /// Time for open requests to finish.
    pub drain: Duration,
    /// Background tasks.
    pub lifecycle: Lifecycle,
}

impl Server {
    /// Serves until `shutdown`, then finishes open requests, then stops the background tasks. Health
    /// and metrics are served for as long as a request is open.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) {
        let Self { api, ops, drain, lifecycle } = self;
        let draining = lifecycle.clone();
        let shutdown = async move {
            shutdown.await;
            draining.drain();
            tracing::info!("stopping; finishing open requests first");
        };
        let finished = CancellationToken::new();
        let serve = async {
            api.run(shutdown, drain).await;
            finished.cancel();
        };
        let operate = async {
            if let Some(listener) = ops {
                listener.run(finished.clone().cancelled_owned(), OPS_DRAIN).await;
            }
        };
        tokio::join!(serve, operate);
        lifecycle.stop().await;
        tracing::info!("stopped");
    }
}
