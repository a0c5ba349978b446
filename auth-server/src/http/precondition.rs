//! Optimistic concurrency: `If-Match` refuses a write that is based on an outdated state.

use poem::http::HeaderMap;
use poem::http::header::IF_MATCH;
use poem_openapi::payload::Response;

use super::problem::{Problem, Spec};
use super::request_errors::FIELD;

const CHANGED: Spec = Spec::new(
    412,
    "precondition_failed",
    "The resource has changed since it was read; read it again.",
);

const MISSING: Spec = Spec::new(
    428,
    "precondition_required",
    "Send If-Match with the ETag of the state that you have read.",
);

/// Errors of a write with `If-Match`.
pub(crate) const PRECONDITION: &[Spec] = &[CHANGED];
/// Errors of a write that is not made without `If-Match`.
pub(crate) const REQUIRED_PRECONDITION: &[Spec] = &[MISSING, CHANGED];

/// The entity tag of a resource last written at `revision`.
fn etag(revision: i64) -> String {
    format!("\"{revision}\"")
}

/// A representation with its entity tag.
pub(crate) fn tagged<T>(body: T, revision: i64) -> Response<T> {
    Response::new(body).header("ETag", etag(revision))
}

/// Refuses an `If-Match` that contains neither the current entity tag nor `*`. The header is optional.
pub(crate) fn check(if_match: Option<&str>, revision: i64) -> Result<(), Problem> {
    let Some(tags) = if_match else { return Ok(()) };
    let current = etag(revision);
    if tags.split(',').map(str::trim).any(|tag| tag == "*" || tag == current) {
        return Ok(());
    }
    Err(Problem::new(CHANGED).detail(format!("Its ETag is {current} now.")))
}

/// The same for a write that is not made without the header.
pub(crate) fn require(if_match: Option<&str>, revision: i64) -> Result<(), Problem> {
    let Some(tags) = if_match else {
        return Err(Problem::new(MISSING).detail(format!("Its ETag is {} now.", etag(revision))));
    };
    check(Some(tags), revision)
}

/// Refuses an `If-Match` that the operation would overlook: one that is not text, or a second one.
pub(crate) fn refuse_unreadable(headers: &HeaderMap) -> Result<(), Problem> {
    let mut tags = headers.get_all(IF_MATCH).iter();
    let is_text = tags.next().is_none_or(|tag| tag.to_str().is_ok());
    if is_text && tags.next().is_none() {
        return Ok(());
    }
    Err(Problem::new(FIELD).field("If-Match").detail("Send it once, as visible ASCII."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_current_tag_lets_a_write_through() {
        assert!(check(None, 7).is_ok() && check(Some("*"), 7).is_ok());
        assert!(require(None, 7).is_err() && require(Some("\"7\""), 7).is_ok());
        assert!(check(Some("\"6\", \"7\""), 7).is_ok());
        for stale in ["\"6\"", "7", "W/\"7\"", ""] {
            assert!(check(Some(stale), 7).is_err(), "{stale}");
        }
    }
}
