//! Problems with the request itself, raised before a handler sees it.

use super::problem::Spec;

const fn spec(status: u16, code: &'static str, title: &'static str) -> Spec {
    Spec { status, code, title }
}

/// The body is not JSON at all.
pub(crate) const MALFORMED: Spec = spec(400, "body_malformed", "The body is not well-formed JSON.");
/// The body is larger than this server takes.
pub(crate) const TOO_LARGE: Spec = spec(413, "body_too_large", "The body is too large.");
/// The body is announced as something else than JSON.
pub(crate) const MEDIA_TYPE: Spec =
    spec(415, "media_type_unsupported", "The body must be sent as application/json.");
/// A field or parameter is missing or has a value that it can't have.
pub(crate) const FIELD: Spec =
    spec(422, "field_invalid", "A field has a value that it can't have.");

/// What an operation with a JSON body can answer before it runs.
pub(crate) const BODY: &[Spec] = &[MALFORMED, TOO_LARGE, MEDIA_TYPE, FIELD];
/// What an operation with path or query parameters can answer before it runs.
pub(crate) const PARAMETERS: &[Spec] = &[FIELD];
