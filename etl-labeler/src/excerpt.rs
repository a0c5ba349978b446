//! Long texts in messages.

use std::borrow::Cow;

/// Characters that are shown of the beginning and of the end.
const HEAD: usize = 120;
const TAIL: usize = 80;

/// A text without the middle of a long one. Elasticsearch quotes a value, however long, and says behind it what is
/// wrong.
pub(crate) fn excerpt(text: &str) -> Cow<'_, str> {
    let length = text.chars().count();
    if length <= HEAD + TAIL {
        return text.into();
    }
    let head: String = text.chars().take(HEAD).collect();
    let tail: String = text.chars().skip(length - TAIL).collect();
    format!("{head} … {tail}").into()
}
