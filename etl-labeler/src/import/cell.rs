//! One value of a source, read as far as a field needs it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::source::Object;

/// A value of a source. Numbers stay as they were written.
pub(super) enum Cell<'a> {
    Null,
    Text(String),
    /// A number or a Boolean, as written.
    Literal(&'a str),
    List(Vec<&'a RawValue>),
    Object(BTreeMap<String, &'a RawValue>),
    /// Not Unicode, such as half of a surrogate pair, or an object with a key that is there twice.
    Unreadable,
}

impl<'a> Cell<'a> {
    pub(super) fn of(raw: &'a RawValue) -> Self {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'"') => read(text).map_or(Self::Unreadable, Self::Text),
            Some(b'[') => read(text).map_or(Self::Unreadable, Self::List),
            Some(b'{') => read(text)
                .and_then(|object: Object<_>| object.unique().ok())
                .map_or(Self::Unreadable, Self::Object),
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Literal(text),
        }
    }

    /// A text without white space around it, or the notation of a number.
    pub(super) fn scalar(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()),
            Self::Literal(literal) => Some(literal),
            Self::Null | Self::List(_) | Self::Object(_) | Self::Unreadable => None,
        }
    }

    /// A list of one value is that value.
    pub(super) fn single(self) -> Self {
        match self {
            Self::List(items) => match items.as_slice() {
                [] => Self::Null,
                [item] => Self::of(item),
                _ => Self::List(items),
            },
            other => other,
        }
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    serde_json::from_str(text).ok()
}
