//! Bodies of requests as bytes, whatever their media type.

use bytes::Bytes;
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited, combinators::BoxBody};
use poem::http::{HeaderMap, HeaderValue, header};
use poem::web::RequestBody;
use poem::{Error, IntoResponse, Result};

use super::RequestContext;
use crate::problem::request::{ENCODING, TOO_LARGE};
use crate::problem::{Code, Problem};

/// The media type of a `Content-Type`, without its parameters.
pub(super) fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// Refuses a body that is encoded: its size says nothing about what it decodes to.
pub(super) fn refuse_encoded(headers: &HeaderMap) -> Result<()> {
    let encodings = headers.get_all(header::CONTENT_ENCODING);
    if encodings.iter().all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    let mut response = Problem::new(ENCODING).into_response();
    response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let mut error = Error::from_response(response);
    error.set_data(Code(ENCODING.code));
    Err(error)
}

/// The limit of a request that did not come through the pipeline: 64 KiB.
const FALLBACK: usize = 64 << 10;

/// The maximum size of the body in bytes: `LIMIT`, or the configured limit if that is 0.
pub(super) fn limit<const LIMIT: usize>() -> usize {
    match LIMIT {
        0 => RequestContext::read(|context| context.body_limit).unwrap_or(FALLBACK),
        fixed => fixed,
    }
}

/// All bytes of the body, up to the configured limit.
///
/// # Errors
/// The body is larger, or cannot be read.
pub async fn read_body(body: &mut RequestBody) -> Result<Bytes> {
    read(body, limit::<0>()).await
}

/// All bytes of the body; one that arrived in one piece is not copied.
pub(super) async fn read(body: &mut RequestBody, limit: usize) -> Result<Bytes> {
    let body: BoxBody<_, _> = body.take()?.into();
    let too_large =
        || Err(Problem::new(TOO_LARGE).detail(format!("The limit is {limit} bytes.")).into());
    // Refused by its announced length, before a client that asks first sends it.
    if usize::try_from(body.size_hint().lower()).is_ok_and(|length| length > limit) {
        return too_large();
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => too_large(),
        Err(error) => Err(poem::error::BadRequest(std::io::Error::other(error))),
    }
}
