//! Credentials in headers.

use poem::http::{HeaderName, HeaderValue};

/// The access token of the user that a service client acts for.
pub const SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

const BEARER: &str = "bearer";

/// The token of an `Authorization` header with the scheme `Bearer`.
#[must_use]
pub fn bearer_token(header: &HeaderValue) -> Option<&[u8]> {
    let (scheme, token) = header.as_bytes().split_at_checked(BEARER.len())?;
    let token = token.strip_prefix(b" ")?.trim_ascii();
    (scheme.eq_ignore_ascii_case(BEARER.as_bytes()) && !token.is_empty()).then_some(token)
}
