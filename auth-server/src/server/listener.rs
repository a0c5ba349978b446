//! One address and what answers there.

use std::net::SocketAddr;
use std::time::Duration;

use poem::endpoint::BoxEndpoint;
use poem::listener::TcpAcceptor;
use poem::{Response, Server};
use tokio::net::TcpListener;

use super::StartError;

/// A bound address with its endpoint.
pub struct Listener {
    pub address: SocketAddr,
    acceptor: TcpAcceptor,
    endpoint: BoxEndpoint<'static, Response>,
}

impl Listener {
    /// Binds `address`; `setting` names it in messages.
    pub async fn bind(
        setting: &'static str,
        address: SocketAddr,
        endpoint: BoxEndpoint<'static, Response>,
    ) -> Result<Self, StartError> {
        let broken = |error| StartError::Listen(setting, address, error);
        let listener = TcpListener::bind(address).await.map_err(broken)?;
        let address = listener.local_addr().map_err(broken)?;
        let acceptor = TcpAcceptor::from_tokio(listener).map_err(broken)?;
        Ok(Self { address, acceptor, endpoint })
    }

    /// Answers until `stop`, then finishes what has begun, for at most `drain`.
    pub async fn run(self, stop: impl Future<Output = ()>, drain: Duration) -> std::io::Result<()> {
        Server::new_with_acceptor(self.acceptor)
            .run_with_graceful_shutdown(self.endpoint, stop, Some(drain))
            .await
    }
}
