//! One address and what answers there.

use std::net::SocketAddr;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use poem::listener::TcpAcceptor;
use poem::{Endpoint, Server};
use tokio::net::TcpListener;

use super::StartError;

/// A bound address that waits to be served.
pub(crate) struct Listener {
    pub address: SocketAddr,
    serve: Serve,
}

/// Answers until the future ends, then finishes what has begun, for at most the duration.
type Serve = Box<
    dyn FnOnce(BoxFuture<'static, ()>, Duration) -> BoxFuture<'static, std::io::Result<()>> + Send,
>;

impl Listener {
    /// Binds `address`; `setting` names it in messages.
    pub(crate) async fn bind<E: Endpoint + 'static>(
        setting: &'static str,
        address: SocketAddr,
        endpoint: E,
    ) -> Result<Self, StartError> {
        let broken = |error| StartError::Listen(setting, address, error);
        let listener = TcpListener::bind(address).await.map_err(broken)?;
        let address = listener.local_addr().map_err(broken)?;
        let acceptor = TcpAcceptor::from_tokio(listener).map_err(broken)?;
        // Typed until here: a boxed endpoint would cost every request another allocation.
        let serve = |stop, drain| {
            let server = Server::new_with_acceptor(acceptor);
            server.run_with_graceful_shutdown(endpoint, stop, Some(drain)).boxed()
        };
        Ok(Self { address, serve: Box::new(serve) })
    }

    /// Answers until `stop`, then finishes what has begun, for at most `drain`.
    pub(crate) async fn run(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
        drain: Duration,
    ) -> std::io::Result<()> {
        (self.serve)(stop.boxed(), drain).await
    }
}
