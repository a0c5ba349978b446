//! A page or a file that is compiled into the program.

use bytes::Bytes;
use poem::endpoint::make_sync;
use poem::http::header;
use poem::{Body, Endpoint, Response};

/// Always this text. Browsers ask for it again each time, so that a new release is seen at once, and
/// hold it to this `Content-Security-Policy`.
pub fn fixed(text: impl Into<Bytes>, media_type: &'static str, policy: String) -> impl Endpoint {
    let text = text.into();
    make_sync(move |_| {
        Response::builder()
            .header(header::CONTENT_TYPE, media_type)
            .header(header::CONTENT_SECURITY_POLICY, &policy)
            .header(header::X_FRAME_OPTIONS, "DENY")
            .header(header::REFERRER_POLICY, "no-referrer")
            .header(header::CACHE_CONTROL, "no-cache")
            .body(Body::from_bytes(text.clone()))
    })
}
