//! `If-Match`: a write that was decided on an older state is refused.

use poem::http::HeaderMap;
use poem::http::header::IF_MATCH;

use super::problem::{Problem, Spec};
use super::request_errors::FIELD;

const CHANGED: Spec =
    Spec::new(412, "precondition_failed", "It was changed since you read it; read it again.");

/// What a write with `If-Match` can answer.
pub(crate) const PRECONDITION: &[Spec] = &[CHANGED];

/// The entity tag of something last written at `revision`.
pub(crate) fn etag(revision: i64) -> String {
    format!("\"{revision}\"")
}

/// Refuses where `if_match` names neither the current tag nor `*`. Without it anything goes.
pub(crate) fn check(if_match: Option<&str>, revision: i64) -> Result<(), Problem> {
    let Some(tags) = if_match else { return Ok(()) };
    let current = etag(revision);
    if tags.split(',').map(str::trim).any(|tag| tag == "*" || tag == current) {
        return Ok(());
    }
    Err(Problem::new(CHANGED).detail(format!("Its ETag is {current} now.")))
}

/// Refuses an `If-Match` that the operation could only overlook: one that is no text, or a second.
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
        assert!(check(Some("\"6\", \"7\""), 7).is_ok());
        for stale in ["\"6\"", "7", "W/\"7\"", ""] {
            assert!(check(Some(stale), 7).is_err(), "{stale}");
        }
    }
}
