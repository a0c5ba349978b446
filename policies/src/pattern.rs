//! Patterns of rules: a literal name, or a prefix with one trailing `*`.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::names::{Label, NameError, is_type};

/// Maximum length of an action, in rules and in requests.
pub const MAX_ACTION_BYTES: usize = 128;

/// A literal name, or all names with a prefix.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern {
    /// The literal, or the prefix without its `*`. Stored inline if short, which saves a lookup a
    /// cache miss.
    text: SmolStr,
    is_prefix: bool,
}

impl Pattern {
    fn parse(what: &'static str, text: &str, max_bytes: usize) -> Result<Self, NameError> {
        let error = |why| Err(NameError::new(what, text, why));
        if text.is_empty() || text.len() > max_bytes {
            return error("use 1 to 512 bytes for a resource, 1 to 128 bytes for an action");
        }
        if text.chars().any(char::is_control) {
            return error("control characters are not allowed");
        }
        let (name, is_prefix) = match text.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        if name.ends_with('*') {
            return error("only one trailing `*` is allowed");
        }
        Ok(Self { text: name.into(), is_prefix })
    }

    /// The literal, or the prefix without its `*`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn shared_text(&self) -> SmolStr {
        self.text.clone()
    }

    /// Whether the pattern is a prefix; `*` alone is the empty prefix.
    #[must_use]
    pub fn is_prefix(&self) -> bool {
        self.is_prefix
    }

    /// Whether `name` is the literal or starts with the prefix.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        if self.is_prefix { name.starts_with(&*self.text) } else { name == &*self.text }
    }

    /// Whether every name that `narrow` covers is covered.
    pub(crate) fn includes(&self, narrow: &Self) -> bool {
        self.covers(&narrow.text) && (self.is_prefix || !narrow.is_prefix)
    }

    /// A name that the pattern covers and no narrower one does. `is_used` tells whether a text is that of a
    /// literal or a prefix.
    pub(crate) fn member(
        text: &str,
        is_prefix: bool,
        is_used: impl Fn(&str) -> bool,
    ) -> Cow<'_, str> {
        if !is_prefix {
            return Cow::Borrowed(text);
        }
        let next = ('0'..char::MAX).filter(|next| next.is_alphanumeric());
        let mut longer = next.map(|next| format!("{text}{next}"));
        longer.find(|name| !is_used(name)).map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// Whether the pattern covers any name that starts with `prefix`.
    #[must_use]
    pub fn reaches(&self, prefix: &str) -> bool {
        self.text.starts_with(prefix) || (self.is_prefix && prefix.starts_with(&*self.text))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if self.is_prefix { f.write_str("*") } else { Ok(()) }
    }
}

impl ResourcePattern {
    /// The type of the pattern's resources, if the pattern is narrower than a type.
    pub(crate) fn kind(&self) -> Option<&str> {
        self.0.text.split_once(':').map(|(kind, _)| kind)
    }
}

/// Whether a pattern in text form covers a name; the matcher function of the casbin model.
#[must_use]
pub fn covers(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |prefix| name.starts_with(prefix))
}

macro_rules! pattern {
    ($(#[$meta:meta])* $type:ident, $parse:expr) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Pattern);

        impl $type {
            /// Parses a pattern.
            ///
            /// # Errors
            /// [`NameError`] if the text does not match the grammar.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let parse: fn(&str) -> Result<Pattern, NameError> = $parse;
                parse(text).map(Self)
            }

            /// The parsed pattern.
            #[must_use]
            pub fn pattern(&self) -> &Pattern {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }

        impl From<$type> for String {
            fn from(pattern: $type) -> Self {
                pattern.to_string()
            }
        }
    };
}

pattern!(
    /// The resources of a rule: `*`, `type`, `type:id`, or a prefix of these with one trailing `*`. At
    /// most 512 bytes.
    ResourcePattern, parse_resource
);

pattern!(
    /// The actions of a rule: a name, a prefix with one trailing `*`, or `*`. At most 128 bytes.
    ActionPattern, |text| Pattern::parse("action", text, MAX_ACTION_BYTES)
);

fn parse_resource(text: &str) -> Result<Pattern, NameError> {
    let pattern = Pattern::parse("resource", text, 512)?;
    let error = |why| Err(NameError::new("resource", text, why));
    let Some((kind, id)) = pattern.text.split_once(':') else {
        let everything = pattern.is_prefix && pattern.text.is_empty();
        if everything || is_type(&pattern.text) {
            return Ok(pattern);
        }
        return error("a type consists of a-z 0-9 _ - and starts with a-z");
    };
    if !is_type(kind) {
        return error("a type consists of a-z 0-9 _ - and starts with a-z");
    }
    if id.is_empty() && !pattern.is_prefix {
        return error("the id is empty; use `type:*` for all ids");
    }
    // The prefix of a label is checked like a label, since both consist of the same characters.
    if kind == "label" && !id.is_empty() && Label::parse(id).is_err() {
        return error(
            "a label has 1 to 64 of the characters a-z 0-9 _ = . - and starts with a letter or digit",
        );
    }
    Ok(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_patterns_outside_the_grammar_are_rejected() {
        for valid in [
            "*",
            "film",
            "film*",
            "film:*",
            "film:tt1",
            "film:a*b",
            "film:a*",
            "label:x-*",
            "route:/api/v1/roles*",
            "web:films.example/admin/*",
            "film:Amélie",
            "film:a:b",
            "film:\"q\"",
            "film: ",
        ] {
            assert_eq!(ResourcePattern::parse(valid).unwrap().to_string(), valid);
        }
        for invalid in [
            "",
            "**",
            "film:**",
            "Film:1",
            ":x",
            "film:",
            "label:New",
            "label:a b*",
            "é",
            "film:a\n",
            &format!("film:{}", "x".repeat(512)),
        ] {
            assert!(ResourcePattern::parse(invalid).is_err(), "{invalid}");
        }
    }

    #[test]
    fn a_pattern_reaches_the_namespaces_that_it_overlaps() {
        let reaches = |p: &str| ResourcePattern::parse(p).unwrap().pattern().reaches("route:");
        for reaching in ["*", "r*", "route*", "route:*", "route:/x"] {
            assert!(reaches(reaching), "{reaching}");
        }
        for other in ["route", "film:*", "routes*", "ro", "web:*"] {
            assert!(!reaches(other), "{other}");
        }
    }
}
