//! `X-Request-Id`: the caller's if it is usable, otherwise a new one.

use std::fmt;

use poem::http::header::HeaderName;
use poem::http::{HeaderMap, HeaderValue};
use uuid::Uuid;

/// The header with the request's id, on requests and responses.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Maximum length of an id that is accepted from a caller, in bytes.
const MAX_LENGTH: usize = 128;

/// Identifies one request, in its response and in every line that is logged about it.
#[derive(Clone, Debug)]
pub struct RequestId(Id);

/// A generated id becomes text only where it is written.
#[derive(Clone, Debug)]
enum Id {
    Given(HeaderValue),
    Generated(Uuid),
}

impl RequestId {
    /// The caller's id if it is 1 to 128 visible ASCII characters, otherwise a new one.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        match headers.get(REQUEST_ID) {
            Some(given) if is_usable(given.as_bytes()) => Self(Id::Given(given.clone())),
            _ => Self::generate(),
        }
    }

    /// A new id.
    #[must_use]
    pub fn generate() -> Self {
        Self(Id::Generated(Uuid::new_v4()))
    }

    /// The id as the value of a header.
    #[must_use]
    pub fn value(&self) -> HeaderValue {
        match &self.0 {
            Id::Given(value) => value.clone(),
            Id::Generated(id) => {
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
            Id::Given(value) => f.write_str(value.to_str().unwrap_or("?")),
            Id::Generated(id) => id.fmt(f),
        }
    }
}

fn is_usable(id: &[u8]) -> bool {
    (1..=MAX_LENGTH).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &[u8]) -> RequestId {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_bytes(given).expect("a header"));
        RequestId::of(&headers)
    }

    #[test]
    fn a_usable_id_is_kept() {
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
