//! The header fields of a limit that was reached (draft-ietf-httpapi-ratelimit-headers).

use poem::http::{HeaderMap, HeaderName, HeaderValue};
use poem_openapi::registry::MetaHeader;

use crate::docs::header;

/// A limit that was reached.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    /// Name of the limit.
    pub policy: &'static str,
    /// Attempts that it allows.
    pub quota: u32,
    /// Seconds during which they are counted.
    pub window: i64,
    /// Seconds until the next attempt.
    pub reset: u32,
}

impl RateLimit {
    pub(super) fn insert(self, headers: &mut HeaderMap) {
        let Self { policy, quota, window, reset } = self;
        let fields = [
            ("ratelimit-policy", format!("\"{policy}\";q={quota};w={window}")),
            ("ratelimit", format!("\"{policy}\";r=0;t={reset}")),
        ];
        for (name, value) in fields {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// The documentation of the header fields of a 429.
pub(super) fn headers() -> Vec<MetaHeader> {
    let all = [
        ("Retry-After", "Seconds until the next attempt is accepted."),
        ("RateLimit-Policy", "The limit: its name, attempts (`q`) and period in seconds (`w`)."),
        ("RateLimit", "Remaining attempts (`r`) and seconds until the next one (`t`)."),
    ];
    all.map(|(name, about)| header(name, about)).into()
}
