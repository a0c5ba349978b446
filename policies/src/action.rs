//! The action of a request, which properties may qualify.

use std::borrow::Cow;

use smallvec::{SmallVec, smallvec};

use crate::pattern::ActionPattern;

/// The action of a request: `delete`, or `delete?soft=true` with a property that qualifies it. A rule
/// matches if it covers any of the action's names: one on `delete` matches both, one on
/// `delete?soft=true` only the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action<'a> {
    /// The name without properties.
    base: Cow<'a, str>,
    /// All names, never empty.
    names: SmallVec<[Cow<'a, str>; 1]>,
}

impl<'a> Action<'a> {
    /// The action with this text: a name, and after a `?` properties that `&` separates.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let mut names = smallvec![Cow::Borrowed(text)];
        let Some((base, properties)) = text.split_once('?') else {
            return Self { base: Cow::Borrowed(text), names };
        };
        names.push(Cow::Borrowed(base));
        if properties.contains('&') {
            names.extend(properties.split('&').map(|one| Cow::Owned(format!("{base}?{one}"))));
        }
        Self { base: Cow::Borrowed(base), names }
    }

    /// The same action with one more property, whatever characters it consists of.
    #[must_use]
    pub fn qualified(mut self, property: &str, value: &str) -> Self {
        self.names.push(Cow::Owned(format!("{}?{property}={value}", self.base)));
        self
    }

    /// The same action, independent of the text that it was made from.
    #[must_use]
    pub fn into_owned(self) -> Action<'static> {
        let owned = |text: Cow<str>| Cow::Owned(text.into_owned());
        Action { base: owned(self.base), names: self.names.into_iter().map(owned).collect() }
    }

    /// Whether a rule on this pattern is about the action.
    #[must_use]
    pub fn is_covered_by(&self, pattern: &ActionPattern) -> bool {
        self.names().any(|name| pattern.pattern().covers(name))
    }

    /// The names of the action, as rules match them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(action: &Action) -> Vec<String> {
        action.names().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn an_action_has_a_name_for_each_of_its_properties() {
        assert_eq!(names(&Action::new("delete")), ["delete"]);
        assert_eq!(names(&Action::new("delete?soft=true")), ["delete?soft=true", "delete"]);
        assert_eq!(names(&Action::new("a?b&c")), ["a?b&c", "a", "a?b", "a?c"]);
    }

    #[test]
    fn a_value_cannot_forge_another_property() {
        let action = Action::new("delete").qualified("note", "x&soft=true");
        assert_eq!(names(&action), ["delete", "delete?note=x&soft=true"]);
        let action = Action::new("delete?a=1").qualified("b", "2").into_owned();
        assert_eq!(names(&action), ["delete?a=1", "delete", "delete?b=2"]);
    }
}
