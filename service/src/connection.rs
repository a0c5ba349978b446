//! One connection.
//!
//! poem's own server asks hyper for more after it failed, and hyper then ends a body that failed as if it were
//! complete: `0\r\n\r\n` after half of it. Here a failed connection is closed.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use poem::http::uri::Scheme;
use poem::http::{HeaderValue, Version, header};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, Request};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::proxy_protocol;
use crate::resettable::Resettable;

/// Resets of streams by an HTTP/2 client that are not yet processed; more of them are an attack.
const MAX_PENDING_RESETS: usize = 20;

/// HTTP/2 refuses larger headers by itself, without a body, as HTTP/1 does beyond 400 KiB. It counts 32 bytes
/// more for each field than [`WellFormed`](crate::http::WellFormed) does.
const MAX_HEADER_LIST: u32 = 64 << 10;

/// Time for the first bytes on a connection that was opened just before the server stopped.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// The HTTP/1 connection of a request.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Either of the two below, so that a request waits for one token of its own connection: every wait
    /// takes the token's lock, and all connections would take turns at a common one.
    interrupted: CancellationToken,
    ended: CancellationToken,
    leaving: Arc<AtomicBool>,
}

impl Connection {
    /// The connection of the current request. HTTP/2 has none: its requests are tasks of their own, and
    /// a stream that fails is reset alone.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// Resets it at once, whatever is being sent. Nothing else ends a response to a client that does
    /// not read: its body is not asked for more.
    pub fn abort(&self) {
        self.ended.cancel();
        self.interrupted.cancel();
    }

    pub(crate) fn of(phase: &Phase) -> Self {
        Self {
            interrupted: phase.draining.child_token(),
            ended: phase.ended.child_token(),
            leaving: Arc::clone(&phase.leaving),
        }
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
#[derive(Default)]
pub(crate) struct Phase {
    /// Requests are accepted, and each response closes its connection. Comes first.
    pub(crate) leaving: Arc<AtomicBool>,
    /// Open requests are finished, no others are read.
    pub(crate) draining: CancellationToken,
    /// Connections are closed. Draining comes first.
    pub(crate) ended: CancellationToken,
}

/// Serves the requests of one connection.
pub(crate) async fn serve<E: Endpoint + 'static>(
    socket: TcpStream,
    addresses: Addresses,
    endpoint: Arc<E>,
    connection: Connection,
) {
    let leaving = Arc::clone(&connection.leaving);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let leaving = Arc::clone(&leaving);
        let is_http1 = request.version() <= Version::HTTP_11;
        let server = LocalAddr(addresses.server.into());
        let client = RemoteAddr(addresses.client.into());
        let request: Request = (request, server, client, Scheme::HTTP).into();
        let endpoint = Arc::clone(&endpoint);
        async move {
            let mut response = endpoint.get_response(request).await;
            if is_http1 && leaving.load(Ordering::Relaxed) {
                response
                    .headers_mut()
                    .insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<hyper::Response<BoxBody<Bytes, io::Error>>, Infallible>(response.into())
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    // Copying a small body behind its head costs less than a system call for both.
    builder.http1().writev(false);
    builder
        .http2()
        .max_header_list_size(MAX_HEADER_LIST)
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS);
    let (interrupted, ended) = (connection.interrupted.clone(), connection.ended.clone());
    let serve = async {
        let mut socket = socket;
        tokio::select! {
            refused = proxy_protocol::refuse(&mut socket) => if refused { return },
            // Nothing has been sent yet, and perhaps nothing will be.
            () = async {
                interrupted.cancelled().await;
                tokio::time::sleep(FIRST_REQUEST).await;
            } => return,
        }
        let socket = Resettable::new(socket, ended.clone());
        let mut served = pin!(builder.serve_connection(TokioIo::new(socket), service));
        tokio::select! {
            biased;
            // A failure concerns the client, which has left or broken the protocol.
            _ = served.as_mut() => return,
            () = interrupted.cancelled() => served.as_mut().graceful_shutdown(),
        }
        tokio::select! {
            _ = served => {}
            () = ended.cancelled() => {}
        }
    };
    CURRENT.scope(connection, serve).await;
}
