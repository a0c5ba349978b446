//! Patterns, the rule's side of a name: a literal, or a prefix written with one trailing `*`.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::names::{Label, NameError, is_type};

/// A literal name, or every name that begins with a prefix.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern {
    /// The literal, or the prefix without its `*`.
    /// Short ones stand where they are looked for, which spares a check a cache miss.
    text: SmolStr,
    is_prefix: bool,
}

impl Pattern {
    fn parse(what: &'static str, text: &str, longest: usize) -> Result<Self, NameError> {
        let error = |why| Err(NameError::new(what, text, why));
        if text.is_empty() || text.len() > longest {
            return error("it is empty or too long (512 bytes for a resource, 128 for an action)");
        }
        if text.chars().any(char::is_control) {
            return error("it has a control character");
        }
        let (name, is_prefix) = match text.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        if name.ends_with('*') {
            return error("only one trailing `*` is a wildcard, and a literal can't end in `*`");
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

    /// True for a prefix, `*` alone among them.
    #[must_use]
    pub fn is_prefix(&self) -> bool {
        self.is_prefix
    }

    /// True when `name` is the literal or begins with the prefix.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        if self.is_prefix { name.starts_with(&*self.text) } else { name == &*self.text }
    }

    /// True when some name that begins with `prefix` is covered.
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

/// True when the pattern, as text, covers the name. What casbin's matcher calls.
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
            /// Takes a pattern that keeps to the grammar above.
            ///
            /// # Errors
            /// Another text is refused, with what a valid one looks like.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let parse: fn(&str) -> Result<Pattern, NameError> = $parse;
                parse(text).map(Self)
            }

            /// The pattern itself.
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
    /// Resources a rule speaks of: `*`, `type`, `type:id`, or a prefix of those with one trailing
    /// `*`. At most 512 bytes.
    ResourcePattern, parse_resource
);

pattern!(
    /// Actions a rule speaks of: a name, a prefix with one trailing `*`, or `*`. At most 128 bytes.
    ActionPattern, |text| Pattern::parse("action", text, 128)
);

fn parse_resource(text: &str) -> Result<Pattern, NameError> {
    let pattern = Pattern::parse("resource", text, 512)?;
    let error = |why| Err(NameError::new("resource", text, why));
    let Some((kind, id)) = pattern.text.split_once(':') else {
        let open = pattern.is_prefix && pattern.text.is_empty();
        if open || is_type(&pattern.text) {
            return Ok(pattern);
        }
        return error("a type is a-z 0-9 _ - and begins with a letter");
    };
    if !is_type(kind) {
        return error("a type is a-z 0-9 _ - and begins with a letter");
    }
    if id.is_empty() && !pattern.is_prefix {
        return error("the id is empty; for all ids write `type:*`");
    }
    // A label's prefix is checked as the label that it begins; both use the same characters.
    if kind == "label" && !id.is_empty() && Label::parse(id).is_err() {
        return error("a label is 1–64 of a-z 0-9 _ = . - and begins with a letter or digit");
    }
    Ok(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_keep_to_their_grammar() {
        for good in [
            "*",
            "film",
            "film*",
            "film:*",
            "film:tt1",
            "film:a*b",
            "film:a*",
            "label:x-*",
            "route:/api/v1/roles*",
            "film:Amélie",
            "film:a:b",
            "film:\"q\"",
            "film: ",
        ] {
            assert_eq!(ResourcePattern::parse(good).unwrap().to_string(), good);
        }
        for bad in [
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
            assert!(ResourcePattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn reaches_knows_overlapping_names() {
        let reaches = |p: &str| ResourcePattern::parse(p).unwrap().pattern().reaches("route:");
        for yes in ["*", "r*", "route*", "route:*", "route:/x"] {
            assert!(reaches(yes), "{yes}");
        }
        for no in ["route", "film:*", "routes*", "ro"] {
            assert!(!reaches(no), "{no}");
        }
    }
}
