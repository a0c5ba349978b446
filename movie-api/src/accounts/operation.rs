//! What is forwarded, and what is known about it.

use poem::http::Method;
use poem_openapi::ApiResponse;
use service::problem::Spec;

/// An operation of auth-server that movie-api forwards. Only types of this trait reach auth-server, so its
/// implementations are the list of what callers can do there.
pub(super) trait Operation {
    /// Its name in metrics and logs.
    const NAME: &'static str;
    /// Its method at auth-server.
    const METHOD: Method;
    /// Its path at auth-server, after `/api/v1/`.
    const PATH: &'static str;
    /// What auth-server documents as its success.
    type Success: ApiResponse;
    /// The problems of auth-server, and those that movie-api adds.
    const PROBLEMS: &'static [&'static [Spec]];
}
