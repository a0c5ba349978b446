//! Classes of names. All names that the same patterns cover behave alike, so a decision is kept
//! per class: a literal that some rule names is a class of its own, every other name behaves as
//! the deepest named prefix that it begins with.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::pattern::Pattern;

/// Number of a class, never used again for another pattern.
pub(crate) type ClassId = u32;

#[derive(Clone, Debug)]
struct Prefix {
    text: Arc<str>,
    id: ClassId,
    /// Index of the deepest other prefix that this one begins with.
    parent: Option<usize>,
}

/// A literal or prefix that rules name, with its class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'a> {
    pub(crate) text: &'a str,
    pub(crate) is_prefix: bool,
    pub(crate) id: ClassId,
}

/// The literals and prefixes that rules name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Classes {
    literals: HashMap<Arc<str>, ClassId, RandomState>,
    /// Sorted by text.
    prefixes: Vec<Prefix>,
    /// How many rules name each class.
    uses: HashMap<ClassId, u32, RandomState>,
    next: ClassId,
}

impl Classes {
    /// The class that a name behaves as; none where no rule can apply.
    pub(crate) fn find(&self, name: &str) -> Option<ClassId> {
        self.literals.get(name).copied().or_else(|| self.deepest(name).map(|(_, p)| p.id))
    }

    /// True when a rule names exactly this.
    pub(crate) fn literal(&self, name: &str) -> Option<ClassId> {
        self.literals.get(name).copied()
    }

    /// The deepest prefix that `name` begins with. The greatest prefix not after `name` either is
    /// it or has it among its own prefixes, since every text between the two begins with it.
    fn deepest(&self, name: &str) -> Option<(usize, &Prefix)> {
        let mut at = self.prefixes.partition_point(|p| &*p.text <= name).checked_sub(1);
        while let Some(index) = at {
            let prefix = self.prefixes.get(index)?;
            if name.starts_with(&*prefix.text) {
                return Some((index, prefix));
            }
            at = prefix.parent;
        }
        None
    }

    /// Classes of all patterns that cover `name`, the narrowest first.
    pub(crate) fn covering<'a>(&'a self, name: &'a str) -> impl Iterator<Item = ClassId> + 'a {
        let prefixes = std::iter::successors(self.deepest(name), |(_, prefix)| {
            let parent = prefix.parent?;
            self.prefixes.get(parent).map(|p| (parent, p))
        });
        self.literal(name).into_iter().chain(prefixes.map(|(_, prefix)| prefix.id))
    }

    /// Classes of everything named at or under the pattern.
    pub(crate) fn under(&self, pattern: &Pattern) -> Vec<ClassId> {
        if !pattern.is_prefix() {
            return self.literal(pattern.text()).into_iter().collect();
        }
        let within = self.iter().filter(|named| named.text.starts_with(pattern.text()));
        within.map(|named| named.id).collect()
    }

    /// Everything named, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Named<'_>> {
        let literals = self.literals.iter().map(|(text, &id)| Named { text, is_prefix: false, id });
        let prefixes =
            self.prefixes.iter().map(|p| Named { text: &p.text, is_prefix: true, id: p.id });
        literals.chain(prefixes)
    }

    /// One more rule names the pattern. New prefixes count only after [`Self::link`].
    pub(crate) fn add(&mut self, pattern: &Pattern) -> ClassId {
        let id = self.named(pattern).unwrap_or_else(|| self.insert(pattern));
        *self.uses.entry(id).or_default() += 1;
        id
    }

    fn insert(&mut self, pattern: &Pattern) -> ClassId {
        let id = self.next;
        self.next += 1;
        let text = pattern.shared_text();
        if pattern.is_prefix() {
            let at = self.prefixes.partition_point(|p| p.text < text);
            self.prefixes.insert(at, Prefix { text, id, parent: None });
        } else {
            self.literals.insert(text, id);
        }
        id
    }

    /// One rule less names the pattern.
    pub(crate) fn remove(&mut self, pattern: &Pattern) {
        let Some(id) = self.named(pattern) else { return };
        let Some(uses) = self.uses.get_mut(&id) else { return };
        *uses -= 1;
        if *uses > 0 {
            return;
        }
        self.uses.remove(&id);
        if pattern.is_prefix() {
            self.prefixes.retain(|p| p.id != id);
        } else {
            self.literals.remove(pattern.text());
        }
    }

    /// The class of a pattern that rules name.
    pub(crate) fn named(&self, pattern: &Pattern) -> Option<ClassId> {
        if !pattern.is_prefix() {
            return self.literal(pattern.text());
        }
        let at = self.prefixes.binary_search_by(|p| (*p.text).cmp(pattern.text())).ok()?;
        self.prefixes.get(at).map(|p| p.id)
    }

    /// Finds each prefix's parent again, after prefixes came or went.
    pub(crate) fn link(&mut self) {
        let mut open: Vec<usize> = Vec::new();
        for index in 0..self.prefixes.len() {
            let Some(text) = self.prefixes.get(index).map(|p| Arc::clone(&p.text)) else { return };
            while let Some(&last) = open.last() {
                if self.prefixes.get(last).is_some_and(|p| text.starts_with(&*p.text)) {
                    break;
                }
                open.pop();
            }
            if let Some(prefix) = self.prefixes.get_mut(index) {
                prefix.parent = open.last().copied();
            }
            open.push(index);
        }
    }

    /// Class numbers handed out so far.
    pub(crate) fn issued(&self) -> u32 {
        self.next
    }

    /// Classes in use now.
    pub(crate) fn len(&self) -> usize {
        self.literals.len() + self.prefixes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::ResourcePattern;

    fn classes(patterns: &[&str]) -> Classes {
        let mut classes = Classes::default();
        for text in patterns {
            classes.add(ResourcePattern::parse(text).unwrap().pattern());
        }
        classes.link();
        classes
    }

    #[test]
    fn a_name_behaves_as_its_literal_or_its_deepest_prefix() {
        let c = classes(&["*", "film:*", "film:a*", "film:abc", "film:abd*", "film:é*"]);
        let find = |name: &str| c.find(name);
        assert_eq!(find("film:abc"), Some(3));
        assert_eq!(find("film:abcd"), Some(2));
        assert_eq!(find("film:abd"), Some(4));
        assert_eq!(find("film:abz"), Some(2));
        assert_eq!(find("film:b"), Some(1));
        assert_eq!(find("film"), Some(0));
        assert_eq!(find("film:été"), Some(5));
        assert_eq!(c.covering("film:abc").collect::<Vec<_>>(), [3, 2, 1, 0]);
    }

    #[test]
    fn without_an_open_rule_most_names_have_no_class() {
        let mut c = classes(&["film:a*", "film:a"]);
        assert_eq!(c.find("film:b"), None);
        c.remove(ResourcePattern::parse("film:a*").unwrap().pattern());
        c.link();
        assert_eq!((c.find("film:a"), c.find("film:ab")), (Some(1), None));
    }
}
