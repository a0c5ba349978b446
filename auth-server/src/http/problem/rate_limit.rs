//! The header fields of a limit that was reached (draft-ietf-httpapi-ratelimit-headers).

use poem::http::{HeaderMap, HeaderName, HeaderValue};
use poem_openapi::registry::MetaHeader;
use poem_openapi::types::Type;

/// A limit that was reached.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    /// Name of the limit.
    pub policy: &'static str,
    /// How many tries it gives.
    pub quota: u32,
    /// For how long they are counted, s.
    pub window: i64,
    /// Seconds until there is another try.
    pub reset: u32,
}

impl RateLimit {
    pub(crate) fn insert(self, headers: &mut HeaderMap) {
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

/// What OpenAPI says about the header fields of a 429.
pub(crate) fn headers() -> Vec<MetaHeader> {
    let all = [
        ("Retry-After", "Seconds until the next try is taken."),
        ("RateLimit-Policy", "The limit: its name, tries (`q`) and seconds (`w`)."),
        ("RateLimit", "What is left: no tries (`r`), for so many seconds (`t`)."),
    ];
    all.map(|(name, about)| MetaHeader {
        name: name.into(),
        description: Some(about.into()),
        required: true,
        deprecated: false,
        schema: String::schema_ref(),
    })
    .into()
}
