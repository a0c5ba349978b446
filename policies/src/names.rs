//! Names of roles, labels and resources. Names are compared byte by byte.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// An invalid name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid {what} {name:?}: {why}.")]
pub struct NameError {
    /// What the name was meant to be: `role`, `label`, `resource` or `action`.
    pub what: &'static str,
    /// The invalid name, truncated to 80 characters.
    pub name: String,
    /// What a valid name looks like, as the rest of a sentence.
    pub why: &'static str,
}

impl NameError {
    pub(crate) fn new(what: &'static str, name: &str, why: &'static str) -> Self {
        Self { what, name: name.chars().take(80).collect(), why }
    }
}

/// Whether a name has 1 to 64 characters, all of them `a-z`, `0-9` or, except for the first, one of
/// `punctuation`.
fn is_name(name: &str, punctuation: &[u8]) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    name.len() <= 64
        && name.bytes().next().is_some_and(plain)
        && name.bytes().all(|b| plain(b) || punctuation.contains(&b))
}

macro_rules! name {
    ($(#[$meta:meta])* $type:ident, $what:literal, $punctuation:literal, $why:literal) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Arc<str>);

        impl $type {
            /// Parses a name.
            ///
            /// # Errors
            /// [`NameError`] if the name does not match the grammar.
            pub fn parse(name: &str) -> Result<Self, NameError> {
                if is_name(name, $punctuation) {
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
    /// The name of a role: `[a-z0-9][a-z0-9_.-]{0,63}`.
    RoleName, "role", b"_.-",
    "use 1 to 64 of the characters a-z 0-9 _ . - and start with a letter or digit"
);

name!(
    /// The name of a label: `[a-z0-9][a-z0-9_=.-]{0,63}`.
    Label, "label", b"_=.-",
    "use 1 to 64 of the characters a-z 0-9 _ = . - and start with a letter or digit"
);

/// What the resources of labels start with.
pub(crate) const LABEL: &str = "label:";

/// Name of the role that every caller has, authenticated or not.
pub const ANONYMOUS: &str = "anonymous";
/// Name of the role that is allowed everything.
pub const SUPERUSER: &str = "superuser";
/// The label that stands for a film without labels: the labeler has not processed it yet.
pub const UNLABELLED: &str = "unlabelled";

impl RoleName {
    /// The role that every caller has, authenticated or not.
    #[must_use]
    pub fn anonymous() -> Self {
        Self(ANONYMOUS.into())
    }

    /// The role that is allowed everything.
    #[must_use]
    pub fn superuser() -> Self {
        Self(SUPERUSER.into())
    }

    /// Whether the role is built in: it cannot be created, renamed, deleted, or inherit other roles.
    #[must_use]
    pub fn is_builtin(&self) -> bool {
        matches!(self.as_str(), ANONYMOUS | SUPERUSER)
    }
}

/// The resource of a request, `type` or `type:id`. Never a pattern, whatever it contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    text: String,
}

/// Stands for every resource with an invalid type: only `*` matches it.
const INVALID_TYPE: &str = "\u{0}";

impl Resource {
    /// The resource with this type and id. A type outside `[a-z][a-z0-9_-]*` makes a resource that no
    /// rule names.
    #[must_use]
    pub fn new(kind: &str, id: Option<&str>) -> Self {
        if !is_type(kind) {
            return Self { text: INVALID_TYPE.into() };
        }
        let mut text = String::with_capacity(kind.len() + 1 + id.map_or(0, str::len));
        text.push_str(kind);
        if let Some(id) = id {
            text.push(':');
            text.push_str(id);
        }
        Self { text }
    }

    /// Whether the resource is a film, with or without an id.
    #[must_use]
    pub fn is_film(&self) -> bool {
        self.text.strip_prefix("film").is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    }

    /// The resource as rules match it: `type` or `type:id`.
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
    fn names_outside_the_grammar_are_rejected() {
        for valid in ["new", "a", "0", "mpaa=nc-17", "x.y_z", &"a".repeat(64)] {
            assert!(Label::parse(valid).is_ok(), "{valid}");
        }
        for invalid in ["", "New", "=a", "a b", "é", "a*", "a:b", "a\u{0}", &"a".repeat(65)] {
            assert!(Label::parse(invalid).is_err(), "{invalid}");
        }
        assert!(RoleName::parse("a=b").is_err());
    }

    #[test]
    fn an_invalid_type_cannot_forge_another_resource() {
        assert_eq!(Resource::new("film", Some("a:b")).as_str(), "film:a:b");
        assert_eq!(Resource::new("film:a", Some("b")).as_str(), INVALID_TYPE);
        assert_eq!(Resource::new("", None).as_str(), INVALID_TYPE);
    }
}
