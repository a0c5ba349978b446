//! Request bodies that no handler read to their end.
//!
//! On a kept HTTP/1 connection the next request begins where the body ends. A response that is given
//! before the body was read, such as a 401, must therefore read the rest, or say that the connection
//! closes: otherwise the client's next request is lost.
//!
//! A stream of HTTP/2 whose rest is not read is reset, and curl then drops the response that came before. So its rest
//! is read for a while, too.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use poem::http::{HeaderValue, Version, header};
use poem::{Endpoint, Middleware, Request, Response, Result};
use tokio::runtime::Handle;

/// The longest body in bytes of which a rest is read; with a longer one the connection is closed.
const MAX_KEPT: u64 = 64 << 10;

/// Reading a rest stops after this many bytes. It is more than [`MAX_KEPT`] because a connection that
/// is closed while data arrives is reset, and the reset may overtake the response.
const MAX_DRAINED: usize = 1 << 20;

/// Reading a rest stops after this time.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads small rests of bodies behind the response, and marks other responses with `Connection:
/// close`.
#[derive(Clone, Copy, Debug)]
pub struct UnreadBodies;

impl<E: Endpoint> Middleware<E> for UnreadBodies {
    type Output = WithUnreadBodies<E>;

    fn transform(&self, inner: E) -> Self::Output {
        WithUnreadBodies(inner)
    }
}

/// The endpoint that [`UnreadBodies`] makes. It never fails.
pub struct WithUnreadBodies<E>(E);

impl<E: Endpoint> Endpoint for WithUnreadBodies<E> {
    type Output = Response;

    // Not `async`: an async function would hold the request, 500 bytes, once more.
    fn call(&self, mut request: Request) -> impl Future<Output = Result<Response>> + Send {
        let left_unread = watch(&mut request);
        self.0.get_response(request).map(move |mut response| {
            if left_unread.is_some_and(|unread| unread.load(Ordering::Relaxed)) {
                let headers = response.headers_mut();
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response)
        })
    }
}

/// Watches the body of a request. Returns a flag that says whether a rest was left for which
/// the connection has to close; there is none if any rest will be read.
fn watch(request: &mut Request) -> Option<Arc<AtomicBool>> {
    let body: BoxBody<_, _> = request.take_body().into();
    let length = body.size_hint().exact();
    if length == Some(0) {
        return None;
    }
    let is_http1 = request.version() <= Version::HTTP_11;
    // A client that waits for `100 Continue` is not asked for a body that nobody needs.
    let drain = !is_http1 || !request.headers().contains_key(header::EXPECT);
    let is_kept = drain && length.is_some_and(|length| length <= MAX_KEPT);
    let unread = (is_http1 && !is_kept).then(Arc::<AtomicBool>::default);
    let watched = WatchedBody { body, ended: false, drain, unread: unread.clone() };
    request.set_body(poem::Body::from(BoxBody::new(watched)));
    unread
}

type Inner = BoxBody<Bytes, std::io::Error>;

/// A body that is read to its end if its reader stops before.
struct WatchedBody {
    body: Inner,
    ended: bool,
    drain: bool,
    unread: Option<Arc<AtomicBool>>,
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        self.ended |= matches!(frame, Poll::Ready(None | Some(Err(_))));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        if self.ended || self.body.is_end_stream() {
            return;
        }
        if let Some(unread) = &self.unread {
            unread.store(true, Ordering::Relaxed);
        }
        if self.drain
            && let Ok(runtime) = Handle::try_current()
        {
            runtime
                .spawn(tokio::time::timeout(DRAIN_TIMEOUT, drain(std::mem::take(&mut self.body))));
        }
    }
}

async fn drain(mut body: Inner) {
    let mut drained = 0;
    while let Some(Ok(frame)) = body.frame().await {
        drained += frame.data_ref().map_or(0, Bytes::len);
        if drained > MAX_DRAINED {
            return;
        }
    }
}
