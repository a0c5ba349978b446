//! What is known about a request besides the request itself.

use std::fmt;

use poem::http::header::HeaderName;
use poem::http::{HeaderMap, HeaderValue};
use tokio::task::futures::TaskLocalFuture;
use uuid::Uuid;

/// The header that carries the request's id, in and out.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is taken from a caller, in bytes.
const LONGEST: usize = 128;

/// Names one request, in its answer and in every line that is logged about it.
#[derive(Clone)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The caller's id where it is 1 to 128 visible ASCII characters, else a new one.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        match headers.get(HEADER) {
            Some(given) if is_usable(given.as_bytes()) => Self(given.clone()),
            _ => Self::new(),
        }
    }

    fn new() -> Self {
        let mut buffer = Uuid::encode_buffer();
        let text = Uuid::now_v7().hyphenated().encode_lower(&mut buffer);
        Self(HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("none")))
    }

    /// The id as a header's value.
    #[must_use]
    pub fn value(&self) -> HeaderValue {
        self.0.clone()
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn is_usable(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

/// Left on each request for extractors and handlers: `request.data::<Context>()`.
#[derive(Clone, Debug)]
pub struct Context {
    /// The request's id.
    pub id: RequestId,
    /// Largest body in bytes, where an operation doesn't say otherwise.
    pub body_limit: usize,
}

tokio::task_local! {
    static CURRENT: RequestId;
}

/// Runs `work` so that what it logs carries the id.
pub fn scope<F: Future>(id: RequestId, work: F) -> TaskLocalFuture<RequestId, F> {
    CURRENT.scope(id, work)
}

/// As [`scope`], for work that doesn't wait.
pub fn with<T>(id: &RequestId, work: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(id.clone(), work)
}

/// The id of the request that this task is working on, if it is.
#[must_use]
pub fn current() -> Option<RequestId> {
    CURRENT.try_with(Clone::clone).ok()
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
        assert_eq!(of(b"a-{1}~").as_str(), "a-{1}~");
        assert_eq!(of(&[b'x'; 128]).as_str().len(), 128);
    }

    #[test]
    fn any_other_id_is_replaced() {
        for given in [&b""[..], b"a b", b"\xff", b"a\tb", &[b'x'; 129]] {
            assert_eq!(of(given).as_str().len(), 36, "{given:?}");
        }
        assert_ne!(of(b"").as_str(), RequestId::of(&HeaderMap::new()).as_str());
    }
}
