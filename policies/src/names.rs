//! The names that rules and requests speak of. Compared by bytes.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A name that can't be what it is meant to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {name:?}: {why}")]
pub struct NameError {
    /// The kind of name: "role", "label", "resource", "action".
    pub what: &'static str,
    /// The name as it was given, cut to 80 characters.
    pub name: String,
    /// What a valid name looks like.
    pub why: &'static str,
}

impl NameError {
    pub(crate) fn new(what: &'static str, name: &str, why: &'static str) -> Self {
        Self { what, name: name.chars().take(80).collect(), why }
    }
}

/// `first` may begin a name, `rest` may follow; 1–64 characters.
fn is_name(name: &str, rest: &[u8]) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    name.len() <= 64
        && name.bytes().next().is_some_and(plain)
        && name.bytes().all(|b| plain(b) || rest.contains(&b))
}

macro_rules! name {
    ($(#[$meta:meta])* $type:ident, $what:literal, $rest:literal, $why:literal) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Arc<str>);

        impl $type {
            /// Takes a name that keeps to the grammar above.
            ///
            /// # Errors
            /// Another name is refused, with what a valid one looks like.
            pub fn parse(name: &str) -> Result<Self, NameError> {
                if is_name(name, $rest) {
                    Ok(Self(name.into()))
                } else {
                    Err(NameError::new($what, name, $why))
                }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(name: String) -> Result<Self, NameError> {
                Self::parse(&name)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0.as_ref().into()
            }
        }
    };
}

name!(
    /// A role: `[a-z0-9][a-z0-9_.-]{0,63}`.
    RoleName, "role", b"_.-",
    "a role is 1–64 of a-z 0-9 _ . - and begins with a letter or digit"
);

name!(
    /// A label: `[a-z0-9][a-z0-9_=.-]{0,63}`.
    Label, "label", b"_=.-",
    "a label is 1–64 of a-z 0-9 _ = . - and begins with a letter or digit"
);

/// The role that everyone has, signed in or not.
pub const ANONYMOUS: &str = "anonymous";
/// The role that may do everything.
pub const SUPERUSER: &str = "superuser";
/// The label of a film that the labeler has not seen.
pub const UNLABELLED: &str = "unlabelled";

impl RoleName {
    /// The role that everyone has.
    #[must_use]
    pub fn anonymous() -> Self {
        Self(ANONYMOUS.into())
    }

    /// The role that may do everything.
    #[must_use]
    pub fn superuser() -> Self {
        Self(SUPERUSER.into())
    }

    /// Built-in roles can't be created, renamed, deleted or made to inherit.
    #[must_use]
    pub fn is_builtin(&self) -> bool {
        matches!(self.as_str(), ANONYMOUS | SUPERUSER)
    }
}

/// What a request is about: `type` or `type:id`. Never a pattern, whatever it contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    text: String,
}

/// Stands for every resource whose type is none: no rule but `*` can reach it.
const NO_TYPE: &str = "\u{0}";

impl Resource {
    /// The resource of this type and id. A type outside `[a-z][a-z0-9_-]*` is a name that no rule
    /// names.
    #[must_use]
    pub fn new(kind: &str, id: Option<&str>) -> Self {
        if !is_type(kind) {
            return Self { text: NO_TYPE.into() };
        }
        let mut text = String::with_capacity(kind.len() + 1 + id.map_or(0, str::len));
        text.push_str(kind);
        if let Some(id) = id {
            text.push(':');
            text.push_str(id);
        }
        Self { text }
    }

    /// True for a film, with or without an id.
    #[must_use]
    pub fn is_film(&self) -> bool {
        self.text.strip_prefix("film").is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    }

    /// `type:id` as rules see it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

pub(crate) fn is_type(kind: &str) -> bool {
    kind.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_their_grammar() {
        for good in ["new", "a", "0", "mpaa=nc-17", "x.y_z", &"a".repeat(64)] {
            assert!(Label::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "New", "=a", "a b", "é", "a*", "a:b", "a\u{0}", &"a".repeat(65)] {
            assert!(Label::parse(bad).is_err(), "{bad}");
        }
        assert!(RoleName::parse("a=b").is_err());
    }

    #[test]
    fn a_type_that_is_none_can_not_forge_another_resource() {
        assert_eq!(Resource::new("film", Some("a:b")).as_str(), "film:a:b");
        assert_eq!(Resource::new("film:a", Some("b")).as_str(), NO_TYPE);
        assert_eq!(Resource::new("", None).as_str(), NO_TYPE);
    }
}
