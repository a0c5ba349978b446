//! Errors of extractors and of the router as problems.

use std::borrow::Cow;

use poem::error::{
    CorsError, MethodNotAllowedError, NotFoundError, ParsePathError as InvalidPathError,
    ReadBodyError,
};
use poem::http::{StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::error::{
    ContentTypeError, ParseParamError, ParsePathError, ParseRequestPayloadError,
};

use super::routes::RouteInfo;
use crate::problem::request::{
    CORS, FIELD, INVALID, MALFORMED, MEDIA_TYPE, METHOD, NOT_FOUND, TOO_LARGE,
};
use crate::problem::{INTERNAL, Problem, Spec};

/// Maximum length of a detail in characters: it may quote the invalid value.
const MAX_DETAIL: usize = 200;

/// The response to a request that failed with `error` on this route, if it matched one. Faults of the
/// server are logged here.
pub(super) fn of(error: poem::Error, route: Option<&RouteInfo>) -> Response {
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
        return field(documented_name(name, parameters), reason);
    }
    if let Some(wrong) = error.downcast_ref::<ContentTypeError>() {
        return Problem::new(MEDIA_TYPE).detail(truncated(&wrong.to_string()));
    }
    if let Some(ParseRequestPayloadError { reason }) = error.downcast_ref() {
        return Problem::new(MALFORMED).detail(truncated(reason));
    }
    if let Some(ReadBodyError::PayloadTooLarge) = error.downcast_ref() {
        return Problem::new(TOO_LARGE);
    }
    if error.is::<InvalidPathError>() {
        return Problem::new(FIELD).detail("The path is not valid UTF-8.");
    }
    if error.is::<NotFoundError>() {
        return Problem::new(NOT_FOUND).detail("`/openapi.json` lists all paths.");
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
        let spec = Spec::new(status.as_u16(), INVALID.code, INVALID.title);
        return Problem::new(spec).detail(truncated(&error.to_string()));
    }
    tracing::error!(%error, "request failed");
    Problem::new(INTERNAL)
}

fn field(name: &str, reason: &str) -> Problem {
    Problem::new(FIELD).field(name).detail(truncated(&explained(plain(reason))))
}

/// The reason without what poem-openapi wraps around it: `failed to parse "…": … (occurred while
/// parsing "…")`.
fn plain(reason: &str) -> &str {
    let inner = reason.strip_prefix("failed to parse \"").and_then(|rest| rest.split_once("\": "));
    let reason = inner.map_or(reason, |(_, reason)| reason);
    reason.split_once(" (occurred while parsing ").map_or(reason, |(reason, _)| reason)
}

/// What the parameter must be instead: poem-openapi names its validators, and the standard library its
/// parsers.
fn explained(reason: &str) -> Cow<'_, str> {
    let limit = reason.strip_prefix("verification failed. ").and_then(|limit| {
        let (name, bound) = limit.split_once('(')?;
        let bound = bound.split([',', ')']).next()?;
        Some(match name {
            "minimum" => format!("Must be at least {bound}."),
            "maximum" => format!("Must be at most {bound}."),
            "minLength" => format!("Must have at least {bound} characters."),
            "maxLength" => format!("Must have at most {bound} characters."),
            _ => return None,
        })
    });
    match limit {
        Some(limit) => limit.into(),
        None if reason.starts_with("Expect a valid enumeration value") => {
            "Must be one of the values that `/openapi.json` lists.".into()
        }
        None if reason.contains("invalid digit") || reason.contains("number too ") => {
            "Must be a whole number within the documented limits.".into()
        }
        None if reason.contains("empty string") => "Must not be empty.".into(),
        None if reason.contains("invalid float") => "Must be a number.".into(),
        None => reason.into(),
    }
}

/// The router numbers path parameters (`param0`); the document names them.
fn documented_name<'a>(name: &'a str, parameters: &'a [Box<str>]) -> &'a str {
    let number = name.strip_prefix("param").and_then(|number| number.parse::<usize>().ok());
    number.and_then(|number| parameters.get(number)).map_or(name, |name| name)
}

fn truncated(text: &str) -> String {
    text.chars().take(MAX_DETAIL).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_say_what_a_parameter_must_be() {
        let explained = |reason| explained(plain(reason)).into_owned();
        for (reason, said) in [
            ("verification failed. minimum(1, exclusive: false)", "Must be at least 1."),
            ("verification failed. maxLength(200)", "Must have at most 200 characters."),
            (
                "failed to parse \"integer_uint32\": invalid digit found in string",
                "Must be a whole number within the documented limits.",
            ),
            ("another one", "another one"),
        ] {
            assert_eq!(explained(reason), said);
        }
    }
}
