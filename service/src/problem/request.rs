//! Problems with the request itself, raised before a handler sees it.

use super::Spec;

/// The body is not JSON.
pub const MALFORMED: Spec = Spec::new(400, "body_malformed", "The body is not well-formed JSON.");
/// The body is larger than the limit.
pub const TOO_LARGE: Spec = Spec::new(413, "body_too_large", "The body is too large.");
/// The body's media type is not JSON.
pub const MEDIA_TYPE: Spec =
    Spec::new(415, "media_type_unsupported", "The body must be sent as application/json.");
/// The body is compressed or encoded otherwise.
pub const ENCODING: Spec = Spec::new(
    415,
    "encoding_unsupported",
    "The body must be sent as it is, without a Content-Encoding.",
);
/// A field or parameter is missing or invalid.
pub const FIELD: Spec =
    Spec::new(422, "field_invalid", "A field or parameter is missing or invalid.");

/// What an operation with a JSON body can answer before it runs.
pub const BODY: &[Spec] = &[MALFORMED, TOO_LARGE, MEDIA_TYPE, ENCODING, FIELD];
/// What an operation with path or query parameters can answer before it runs.
pub const PARAMETERS: &[Spec] = &[FIELD];
/// What an operation with an id in its path can answer before it runs.
pub const PATH_ID: &[Spec] = &[FIELD, NOT_FOUND];

/// A parameter of a form is missing or repeated. The code is that of RFC 6749.
pub const FORM_INVALID: Spec =
    Spec::new(400, "invalid_request", "A parameter of the form is missing or repeated.");
/// The body's media type is not that of a form.
pub const FORM_MEDIA_TYPE: Spec = Spec::new(
    415,
    "media_type_unsupported",
    "The body must be sent as application/x-www-form-urlencoded.",
);

/// What an operation with a form can answer before it runs.
pub const FORM: &[Spec] = &[FORM_INVALID, TOO_LARGE, FORM_MEDIA_TYPE, ENCODING];

/// No operation has this path.
pub const NOT_FOUND: Spec = Spec::new(404, "not_found", "Unknown path.");
/// The path has operations, but none with this method; `Allow` lists the methods.
pub const METHOD: Spec =
    Spec::new(405, "method_not_allowed", "The path does not support this method.");
/// A browser asked whether a front end may send a request, and it may not.
pub const CORS: Spec = Spec::new(403, "cors_refused", "Front ends may not send such a request.");
/// An HTTP/1.1 request names no host, or several.
pub const HOST: Spec =
    Spec::new(400, "host_invalid", "The request must have exactly one Host header.");
/// Path and query are too long.
pub const URL_TOO_LONG: Spec = Spec::new(414, "url_too_long", "The URL is too long.");
/// The header fields are too large together.
pub const HEADERS_TOO_LARGE: Spec =
    Spec::new(431, "headers_too_large", "The header fields are too large.");
/// The request cannot be read, for a reason without a code of its own.
pub const INVALID: Spec = Spec::new(400, "request_refused", "The request cannot be read.");
