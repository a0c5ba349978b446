//! A TCP proxy whose connections can be cut or frozen.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections to a service, until it is cut.
pub struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy)]
struct State {
    connected: bool,
    /// The number of connections accepted so far.
    accepted: usize,
    /// Of these, the first so many forward nothing.
    frozen: usize,
}

impl Proxy {
    /// In front of the service at this `host:port`.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn to(service: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = watch::Sender::new(State { connected: true, accepted: 0, frozen: 0 });
        let (sender, service) = (state.clone(), service.to_owned());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if sender.borrow().connected {
                    sender.send_modify(|state| state.accepted += 1);
                    let number = sender.borrow().accepted;
                    tokio::spawn(forward(client, service.clone(), number, sender.subscribe()));
                }
            }
        });
        Self { address, state }
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
        self.state.send_modify(|state| state.connected = false);
    }

    /// Accepts connections again.
    pub fn restore(&self) {
        self.state.send_modify(|state| state.connected = true);
    }

    /// From now on the open connections forward nothing, without being closed, as if the network had
    /// lost them. New ones are forwarded.
    pub fn freeze(&self) {
        self.state.send_modify(|state| state.frozen = state.accepted);
    }
}

async fn forward(
    mut client: TcpStream,
    service: String,
    number: usize,
    mut state: watch::Receiver<State>,
) {
    let Ok(mut server) = TcpStream::connect(service).await else { return };
    let mut until = state.clone();
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        _ = until.wait_for(|state| !state.connected || number <= state.frozen) => {}
    }
    let _ = state.wait_for(|state| !state.connected).await;
}
