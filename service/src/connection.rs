//! One connection.
//!
//! poem's own server asks hyper for more after it failed, and hyper then ends a body that failed as if it were
//! complete: `0\r\n\r\n` after half of it. Here a failed connection is closed.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, Request};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// Resets of streams by an HTTP/2 client that are not yet processed; more of them are an attack.
const MAX_PENDING_RESETS: usize = 20;

/// The HTTP/1 connection of a request.
#[derive(Clone, Debug, Default)]
pub struct Connection(CancellationToken);

impl Connection {
    /// The connection of the current request. HTTP/2 has none: its requests are tasks of their own, and
    /// a stream that fails is reset alone.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// Closes it at once, whatever is being sent. Nothing else ends a response to a client that does
    /// not read: its body is not asked for more.
    pub fn abort(&self) {
        self.0.cancel();
    }
}

tokio::task_local! {
    static CURRENT: Connection;
}

/// Both ends of a connection.
#[derive(Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) server: SocketAddr,
    pub(crate) client: SocketAddr,
}

/// How far the server is on its way out.
#[derive(Clone, Default)]
pub(crate) struct Phase {
    /// Open requests are finished, no others are read.
    pub(crate) draining: CancellationToken,
    /// Connections are closed.
    pub(crate) ended: CancellationToken,
}

/// Serves the requests of one connection.
pub(crate) async fn serve<E: Endpoint + 'static>(
    socket: TcpStream,
    addresses: Addresses,
    endpoint: Arc<E>,
    phase: Phase,
) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let server = LocalAddr(addresses.server.into());
        let client = RemoteAddr(addresses.client.into());
        let request: Request = (request, server, client, Scheme::HTTP).into();
        let endpoint = Arc::clone(&endpoint);
        async move {
            let response = endpoint.get_response(request).await;
            Ok::<hyper::Response<BoxBody<Bytes, io::Error>>, Infallible>(response.into())
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http2().max_pending_accept_reset_streams(MAX_PENDING_RESETS);
    let mut served = pin!(builder.serve_connection(TokioIo::new(socket), service));
    let connection = Connection::default();
    let aborted = connection.clone();
    let serve = CURRENT.scope(connection, async {
        tokio::select! {
            // A failure concerns the client, which has left or broken the protocol.
            _ = served.as_mut() => return,
            () = phase.draining.cancelled() => served.as_mut().graceful_shutdown(),
        }
        let _ = served.await;
    });
    tokio::select! {
        () = serve => {}
        () = aborted.0.cancelled() => {}
        () = phase.ended.cancelled() => {}
    }
}
