//! Errors of extractors and of the router as problems of ours.

use poem::error::{CorsError, MethodNotAllowedError, NotFoundError, ReadBodyError};
use poem::http::{StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::error::{
    ContentTypeError, ParseParamError, ParsePathError, ParseRequestPayloadError,
};

use super::documented_routes::Route;
use super::problem::{INTERNAL, Problem, Spec};
use super::request_errors;

const fn spec(status: u16, code: &'static str, title: &'static str) -> Spec {
    Spec { status, code, title }
}

/// No operation has this path.
const NOT_FOUND: Spec = spec(404, "not_found", "There is nothing at this path.");
/// The path has operations, but none of this method; `Allow` names theirs.
const METHOD: Spec = spec(405, "method_not_allowed", "This path doesn't take this method.");
/// A browser asked whether a front end may call, and it may not so.
const CORS: Spec = spec(403, "cors_refused", "A front end may not send such a request.");
/// The request can't be read, for a reason that has no code of its own.
const REFUSED: Spec = spec(400, "request_refused", "The request can't be read.");

/// Longest detail in characters: a refused value may be quoted in it.
const LONGEST: usize = 200;

/// The answer to a request that ended in `error` on this route, if it found one. What is our own
/// fault is logged here.
pub(crate) fn response(error: poem::Error, route: Option<&Route>) -> Response {
    if error.is_from_response() {
        return error.into_response();
    }
    let parameters = route.map_or(&[][..], |route| &route.parameters);
    let mut response = problem(&error, parameters).into_response();
    if let (StatusCode::METHOD_NOT_ALLOWED, Some(route)) = (response.status(), route) {
        response.headers_mut().insert(header::ALLOW, route.allow.clone());
    }
    response
}

fn problem(error: &poem::Error, parameters: &[Box<str>]) -> Problem {
    if let Some(ParseParamError { name, reason }) = error.downcast_ref() {
        return field(name, reason);
    }
    if let Some(ParsePathError { name, reason }) = error.downcast_ref() {
        return field(real_name(name, parameters), reason);
    }
    if let Some(wrong) = error.downcast_ref::<ContentTypeError>() {
        return Problem::new(request_errors::MEDIA_TYPE).detail(cut(&wrong.to_string()));
    }
    if let Some(ParseRequestPayloadError { reason }) = error.downcast_ref() {
        return Problem::new(request_errors::MALFORMED).detail(cut(reason));
    }
    if let Some(ReadBodyError::PayloadTooLarge) = error.downcast_ref() {
        return Problem::new(request_errors::TOO_LARGE);
    }
    if error.is::<NotFoundError>() {
        return Problem::new(NOT_FOUND);
    }
    if error.is::<MethodNotAllowedError>() {
        return Problem::new(METHOD);
    }
    if let Some(wrong) = error.downcast_ref::<CorsError>() {
        return Problem::new(CORS).detail(wrong.to_string());
    }
    by_status(error)
}

fn by_status(error: &poem::Error) -> Problem {
    let status = error.status();
    if status.is_client_error() {
        let known = Spec { status: status.as_u16(), ..REFUSED };
        return Problem::new(known).detail(cut(&error.to_string()));
    }
    tracing::error!(%error, "request failed");
    Problem::new(INTERNAL)
}

fn field(name: &str, reason: &str) -> Problem {
    Problem::new(request_errors::FIELD).field(name).detail(cut(plain(reason)))
}

/// What is wrong with a value, without what poem-openapi wraps around it: `failed to parse "…": …
/// (occurred while parsing "…")`.
fn plain(reason: &str) -> &str {
    let inner = reason.strip_prefix("failed to parse \"").and_then(|rest| rest.split_once("\": "));
    let reason = inner.map_or(reason, |(_, reason)| reason);
    reason.split_once(" (occurred while parsing ").map_or(reason, |(reason, _)| reason)
}

/// The router numbers path parameters (`param0`); the documentation names them.
fn real_name<'a>(name: &'a str, parameters: &'a [Box<str>]) -> &'a str {
    let number = name.strip_prefix("param").and_then(|number| number.parse::<usize>().ok());
    number.and_then(|number| parameters.get(number)).map_or(name, |name| name)
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}
