//! A TCP proxy whose connections can be cut or frozen.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections to a service, until it is cut.
pub struct Proxy {
    address: SocketAddr,
    /// Where new connections lead.
    service: Arc<Mutex<String>>,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy)]
struct State {
    connected: bool,
    /// The number of connections accepted so far.
    accepted: usize,
    /// Of these, the first so many forward nothing.
    frozen: usize,
    /// Whether those accepted now forward nothing either.
    freezes_new: bool,
    /// What becomes of a connection whose client sends `COMMIT`.
    commit: Commit,
}

/// What becomes of a connection to `PostgreSQL` whose client sends `COMMIT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// It is forwarded.
    Forwarded,
    /// The connection is closed before.
    Lost,
    /// It is forwarded, and the connection is closed instead of answering.
    Unanswered,
}

impl Proxy {
    /// In front of the service at this `host:port`.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn to(service: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = watch::Sender::new(State {
            connected: true,
            accepted: 0,
            frozen: 0,
            freezes_new: false,
            commit: Commit::Forwarded,
        });
        let service = Arc::new(Mutex::new(service.to_owned()));
        let (sender, target) = (state.clone(), Arc::clone(&service));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if sender.borrow().connected {
                    sender.send_modify(|state| {
                        state.accepted += 1;
                        state.frozen =
                            if state.freezes_new { state.accepted } else { state.frozen };
                    });
                    let number = sender.borrow().accepted;
                    let service = target.lock().unwrap().clone();
                    tokio::spawn(forward(client, service, number, sender.subscribe()));
                }
            }
        });
        Self { address, service, state }
    }

    /// Its `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// From now on new connections lead to this `host:port`. Those that are open stay as they are.
    ///
    /// # Panics
    /// If another thread panicked meanwhile.
    pub fn lead_to(&self, service: &str) {
        service.clone_into(&mut self.service.lock().unwrap());
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

    /// From now on this becomes of connections to `PostgreSQL` whose client sends `COMMIT`.
    pub fn at_commit(&self, commit: Commit) {
        self.state.send_modify(|state| state.commit = commit);
    }

    /// From now on no connection forwards anything, including those that are still accepted.
    pub fn freeze_all(&self) {
        self.state.send_modify(|state| {
            state.frozen = state.accepted;
            state.freezes_new = true;
        });
    }

    /// Forwards new connections again. The frozen ones stay frozen.
    pub fn thaw(&self) {
        self.state.send_modify(|state| state.freezes_new = false);
    }

    /// From now on the open connections forward nothing, without being closed, as if the network had
    /// lost them. New ones are forwarded.
    pub fn freeze(&self) {
        self.state.send_modify(|state| state.frozen = state.accepted);
    }
}

async fn forward(
    client: TcpStream,
    service: String,
    number: usize,
    mut state: watch::Receiver<State>,
) {
    let Ok(mut server) = TcpStream::connect(service).await else { return };
    let mut client = Client { socket: client, state: state.clone(), unanswered: false };
    let mut until = state.clone();
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        _ = until.wait_for(|state| !state.connected || number <= state.frozen) => {}
    }
    let _ = state.wait_for(|state| !state.connected).await;
}

/// The side of the client, which may send `COMMIT`.
struct Client {
    socket: TcpStream,
    state: watch::Receiver<State>,
    /// Whether it gets no further answer.
    unanswered: bool,
}

fn closed<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
}

impl AsyncRead for Client {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(context, buffer);
        let commit = self.state.borrow().commit;
        let sent = &buffer.filled()[before..];
        if commit == Commit::Forwarded || !sent.windows(7).any(|bytes| bytes == b"COMMIT\0") {
            return read;
        }
        if commit == Commit::Lost {
            return closed();
        }
        self.unanswered = true;
        read
    }
}

impl AsyncWrite for Client {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.unanswered {
            return closed();
        }
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
