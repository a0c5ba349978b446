//! Answers depend on who asks, so no cache may give them to somebody else.

use poem::http::{HeaderName, header};
use poem::middleware::SetHeader;

/// `stale; age=<seconds>` on what was answered by the kept guest's filter.
pub const X_AUTHORIZATION: HeaderName = HeaderName::from_static("x-authorization");

/// Keeps answers out of shared and local caches.
pub fn for_this_caller_only() -> SetHeader {
    SetHeader::new()
        .overriding(header::CACHE_CONTROL, "private, no-store")
        .overriding(header::VARY, "Authorization, Origin")
}
