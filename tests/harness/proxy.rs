//! A TCP proxy whose connections can be cut.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections to a service, until it is cut.
pub struct Proxy {
    address: SocketAddr,
    connected: watch::Sender<bool>,
}

impl Proxy {
    /// In front of the service at this `host:port`.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn to(service: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connected = watch::Sender::new(true);
        let (state, service) = (connected.subscribe(), service.to_owned());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *state.borrow() {
                    tokio::spawn(forward(client, service.clone(), state.clone()));
                }
            }
        });
        Self { address, connected }
    }

    /// In front of the service at this URL; also the URL that leads through the proxy.
    ///
    /// # Panics
    /// If the URL has no `host:port`.
    pub async fn to_url(url: &str) -> (Self, String) {
        let after = url.split_once("://").unwrap().1;
        let authority = after.split(['/', '?']).next().unwrap();
        let service = authority.rsplit('@').next().unwrap();
        let proxy = Self::to(service).await;
        let url = url.replacen(service, &proxy.address.to_string(), 1);
        (proxy, url)
    }

    /// Closes every connection and accepts no new ones.
    pub fn cut(&self) {
        self.connected.send_replace(false);
    }

    /// Accepts connections again.
    pub fn restore(&self) {
        self.connected.send_replace(true);
    }
}

async fn forward(mut client: TcpStream, service: String, mut state: watch::Receiver<bool>) {
    let Ok(mut server) = TcpStream::connect(service).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = state.wait_for(|connected| !connected) => {}
    }
}
