//! From a bound address to a graceful stop.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use poem::{Endpoint, EndpointExt};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::ListenAddress;
use crate::connection::{self, Addresses, Connection, Phase};
use crate::http::UnreadBodies;
use crate::lifecycle::Lifecycle;

/// An address cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: cannot listen on {address}: {source}")]
pub struct ListenError {
    /// The setting that holds the address.
    pub setting: &'static str,
    /// The address.
    pub address: ListenAddress,
    /// The operating system's reason.
    pub source: io::Error,
}

/// Serves until the future completes, then stops.
type Serve = Box<dyn FnOnce(BoxFuture<'static, ()>, Drain) -> BoxFuture<'static, ()> + Send>;

/// How a listener stops.
#[derive(Clone, Copy, Debug)]
pub struct Drain {
    /// Time for which requests are still accepted, while each response closes its connection: none is left
    /// whose next request meets the end.
    pub delay: Duration,
    /// Time for open requests to finish afterwards.
    pub limit: Duration,
}

impl Drain {
    /// Of the operators' listener, which may finish a scrape.
    pub const OPS: Self = Self { delay: Duration::ZERO, limit: Duration::from_secs(1) };
}

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
        address: &ListenAddress,
        endpoint: E,
    ) -> Result<Self, ListenError> {
        let failed = |source| ListenError { setting, address: address.clone(), source };
        let listener = address.bind().await.map_err(failed)?;
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

    /// Serves until `stop`, and then as `drain` says.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static, drain: Drain) {
        (self.serve)(stop.boxed(), drain).await;
    }
}

/// Serves every connection in a task of its own.
async fn accept<E: Endpoint + 'static>(
    listener: TcpListener,
    address: SocketAddr,
    endpoint: Arc<E>,
    stop: BoxFuture<'static, ()>,
    drain: Drain,
) {
    let (connections, phase, mut warned) = (TaskTracker::new(), Phase::default(), None);
    let mut stop = pin!(async {
        stop.await;
        phase.leaving.store(true, Ordering::Relaxed);
        tokio::time::sleep(drain.delay).await;
    });
    let serve = |(socket, client)| {
        let addresses = Addresses { server: address, client };
        let connection = Connection::of(&phase);
        connections.spawn(connection::serve(socket, addresses, Arc::clone(&endpoint), connection));
    };
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(accepted) => serve(accepted),
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                if warned.is_none_or(|at: Instant| at.elapsed() >= WARNING_INTERVAL) {
                    tracing::warn!(%error, "no connection is accepted until this is over");
                    warned = Some(Instant::now());
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Those that wait to be accepted would be reset together with the listener.
    while let Some(Ok(accepted)) = listener.accept().now_or_never() {
        serve(accepted);
    }
    drop(listener);
    connections.close();
    phase.draining.cancel();
    if tokio::time::timeout(drain.limit, connections.wait()).await.is_err() {
        phase.ended.cancel();
        connections.wait().await;
    }
}

/// The client left before its connection was accepted.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Time without accepting after an error, which is usually that the process has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Time between two warnings of that.
const WARNING_INTERVAL: Duration = Duration::from_mins(1);

/// The listeners and background tasks of a program that serves.
pub struct Server {
    /// The API.
    pub api: Listener,
    /// Metrics and health, if they are served.
    pub ops: Option<Listener>,
    /// How the API stops, once the program is no longer ready.
    pub drain: Drain,
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
                listener.run(finished.clone().cancelled_owned(), Drain::OPS).await;
            }
        };
        tokio::join!(serve, operate);
        lifecycle.stop().await;
        tracing::info!("stopped");
    }
}
