//! What is known about a request besides the request itself.

use std::fmt;
use std::sync::Arc;

use poem::http::header::HeaderName;
use poem::http::{Extensions, HeaderMap, HeaderValue};
use tokio::task::futures::TaskLocalFuture;
use uuid::Uuid;

use super::static_routes::OperationId;

/// The header that carries the request's id, in and out.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is taken from a caller, in bytes.
const LONGEST: usize = 128;

/// Names one request, in its answer and in every line that is logged about it.
#[derive(Clone, Debug)]
pub struct RequestId(Name);

/// One of ours becomes text only where it is written down.
#[derive(Clone, Debug)]
enum Name {
    Given(HeaderValue),
    Made(Uuid),
}

impl RequestId {
    /// The caller's id where it is 1 to 128 visible ASCII characters, else a new one.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        Self(match headers.get(HEADER) {
            Some(given) if is_usable(given.as_bytes()) => Name::Given(given.clone()),
            _ => Name::Made(Uuid::new_v4()),
        })
    }

    /// The id as a header's value.
    #[must_use]
    pub fn value(&self) -> HeaderValue {
        match &self.0 {
            Name::Given(value) => value.clone(),
            Name::Made(id) => {
                let mut buffer = Uuid::encode_buffer();
                let text = id.hyphenated().encode_lower(&mut buffer);
                HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("none"))
            }
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Name::Given(value) => f.write_str(value.to_str().unwrap_or_default()),
            Name::Made(id) => id.fmt(f),
        }
    }
}

fn is_usable(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

/// What all requests share.
#[derive(Default)]
pub struct Shared {
    /// Largest body in bytes, where an operation doesn't say otherwise.
    pub body_limit: usize,
    /// Parts of the server, which extractors look for by their type.
    pub parts: Extensions,
}

/// What is known about a request, to whatever works on it. It hangs on the task, since data of a
/// request would cost two allocations.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) id: RequestId,
    pub(crate) shared: Arc<Shared>,
    /// The operation that answers, if it was found without the router.
    pub(crate) operation: Option<OperationId>,
}

tokio::task_local! {
    static CURRENT: Context;
}

impl Context {
    /// Makes work on this request.
    pub(crate) fn enter<T>(&self, begin: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), begin)
    }

    /// Works on this request.
    pub(crate) fn scope<F: Future>(self, work: F) -> TaskLocalFuture<Context, F> {
        CURRENT.scope(self, work)
    }
}

fn current<T>(read: impl FnOnce(&Context) -> Option<T>) -> Option<T> {
    CURRENT.try_with(read).ok().flatten()
}

/// The id of the request that this task is working on, if it is.
#[must_use]
pub(crate) fn id() -> Option<RequestId> {
    current(|context| Some(context.id.clone()))
}

/// The server's part of this type, if it has one.
#[must_use]
pub fn part<T: Clone + Send + Sync + 'static>() -> Option<T> {
    current(|context| context.shared.parts.get().cloned())
}

pub(crate) fn operation() -> Option<OperationId> {
    current(|context| context.operation)
}

pub(crate) fn body_limit() -> Option<usize> {
    current(|context| Some(context.shared.body_limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &[u8]) -> RequestId {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_bytes(given).expect("a header"));
        RequestId::of(&headers)
    }

    #[test]
    fn a_readable_id_is_taken() {
        assert_eq!(of(b"a-{1}~").value(), "a-{1}~");
        assert_eq!(of(&[b'x'; 128]).to_string().len(), 128);
    }

    #[test]
    fn any_other_id_is_replaced() {
        for given in [&b""[..], b"a b", b"\xff", b"a\tb", &[b'x'; 129]] {
            let id = of(given);
            assert_eq!(id.to_string().len(), 36, "{given:?}");
            assert_eq!(id.value(), id.to_string());
        }
        assert_ne!(of(b"").value(), RequestId::of(&HeaderMap::new()).value());
    }
}
