//! `X-Request-Id`: taken from the caller if sane, made otherwise.

use poem::Request;
use poem::http::{HeaderName, HeaderValue};
use uuid::Uuid;

/// Name of the header, on requests and on answers.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST: usize = 128;

/// The id under which one request stands in the logs of all servers that it touches.
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The caller's id if it is at most 128 visible ASCII characters, otherwise a new one.
    pub fn of(request: &Request) -> Self {
        let given = request.headers().get(&REQUEST_ID).filter(|value| is_sane(value.as_bytes()));
        given.cloned().map_or_else(Self::default, Self)
    }

    /// The id as a header's value.
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

impl Default for RequestId {
    fn default() -> Self {
        let made = Uuid::new_v4().to_string();
        Self(HeaderValue::try_from(made).unwrap_or_else(|_| HeaderValue::from_static("none")))
    }
}

fn is_sane(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}
