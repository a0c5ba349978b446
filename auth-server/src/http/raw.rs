//! Bodies of requests as bytes, whatever they are announced as.

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use poem::Result;
use poem::web::RequestBody as Incoming;

use super::context;
use super::problem::Problem;
use super::request_errors::TOO_LARGE;

/// The media type of a `Content-Type`, without its parameters.
pub(crate) fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// The limit where the server left none on the request: 64 KiB.
const FALLBACK: usize = 64 << 10;

/// The largest body in bytes: `LIMIT`, or the configured limit where that is 0.
pub(crate) fn limit<const LIMIT: usize>() -> usize {
    match LIMIT {
        0 => context::body_limit().unwrap_or(FALLBACK),
        fixed => fixed,
    }
}

/// All bytes of the body; one that arrived in one piece is not copied.
pub(crate) async fn read(body: &mut Incoming, limit: usize) -> Result<Bytes> {
    let body: BoxBody<_, _> = body.take()?.into();
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::new(TOO_LARGE)
            .detail(format!("At most {limit} bytes are taken here."))
            .into()),
        Err(error) => Err(poem::error::BadRequest(std::io::Error::other(error))),
    }
}
