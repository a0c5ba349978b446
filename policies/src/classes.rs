//! Classes of names. All names that the same patterns cover behave alike, so a decision is kept
//! per class: a literal that some rule names is a class of its own, every other name behaves as
//! the deepest named prefix that it begins with.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use smol_str::SmolStr;

use crate::pattern::Pattern;

/// Number of a class, never used again for another pattern.
pub(crate) type ClassId = u32;

/// A literal or prefix that rules name, with its class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'a> {
    pub(crate) text: &'a str,
    pub(crate) is_prefix: bool,
    pub(crate) id: ClassId,
}

type Names = HashMap<SmolStr, ClassId, RandomState>;

/// The literals and prefixes that rules name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Classes {
    literals: Names,
    prefixes: Names,
    /// Lengths that prefixes have, in bytes, the longest first, and how many have each. They are
    /// few, so asking for each is quicker than a search among the prefixes.
    lengths: Vec<(usize, u32)>,
    /// How many rules name each class.
    uses: HashMap<ClassId, u32, RandomState>,
    next: ClassId,
}

impl Classes {
    /// The class that a name behaves as; none where no rule can apply.
    pub(crate) fn find(&self, name: &str) -> Option<ClassId> {
        self.covering(name).next()
    }

    /// The class of a name that some rule names.
    pub(crate) fn literal(&self, name: &str) -> Option<ClassId> {
        self.literals.get(name).copied()
    }

    /// Classes of all patterns that cover `name`, the narrowest first.
    pub(crate) fn covering<'a>(&'a self, name: &'a str) -> impl Iterator<Item = ClassId> + 'a {
        let begins = self.lengths.iter().filter_map(|&(length, _)| name.get(..length));
        let prefixes = begins.filter_map(|begin| self.prefixes.get(begin).copied());
        self.literal(name).into_iter().chain(prefixes)
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
    pub(crate) fn iter<'a>(&'a self) -> impl Iterator<Item = Named<'a>> {
        let named = |is_prefix| move |(text, &id): (&'a SmolStr, &_)| Named { text, is_prefix, id };
        self.literals.iter().map(named(false)).chain(self.prefixes.iter().map(named(true)))
    }

    /// The class of a pattern that rules name.
    pub(crate) fn named(&self, pattern: &Pattern) -> Option<ClassId> {
        let names = if pattern.is_prefix() { &self.prefixes } else { &self.literals };
        names.get(pattern.text()).copied()
    }

    /// One more rule names the pattern.
    pub(crate) fn add(&mut self, pattern: &Pattern) -> ClassId {
        let id = self.named(pattern).unwrap_or_else(|| self.insert(pattern));
        *self.uses.entry(id).or_default() += 1;
        id
    }

    fn insert(&mut self, pattern: &Pattern) -> ClassId {
        let id = self.next;
        self.next += 1;
        let text = pattern.shared_text();
        if !pattern.is_prefix() {
            self.literals.insert(text, id);
            return id;
        }
        match self.length(text.len()) {
            Ok((_, prefixes)) => *prefixes += 1,
            Err(at) => self.lengths.insert(at, (text.len(), 1)),
        }
        self.prefixes.insert(text, id);
        id
    }

    /// How many prefixes are this long, or where they would stand.
    fn length(&mut self, length: usize) -> Result<&mut (usize, u32), usize> {
        let at = self.lengths.partition_point(|(other, _)| *other > length);
        self.lengths.get_mut(at).filter(|(other, _)| *other == length).ok_or(at)
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
        if !pattern.is_prefix() {
            self.literals.remove(pattern.text());
            return;
        }
        self.prefixes.remove(pattern.text());
        if let Ok((_, prefixes)) = self.length(pattern.text().len()) {
            *prefixes -= 1;
        }
        self.lengths.retain(|(_, prefixes)| *prefixes > 0);
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
        assert_eq!((c.find("film:a"), c.find("film:ab")), (Some(1), None));
    }

    #[test]
    fn a_length_is_asked_for_while_a_prefix_has_it() {
        let mut c = classes(&["film:a*", "film:b*", "film:b*", "film:*"]);
        for gone in ["film:a*", "film:b*"] {
            c.remove(ResourcePattern::parse(gone).unwrap().pattern());
        }
        assert_eq!((c.find("film:a"), c.find("film:b")), (Some(2), Some(1)));
        c.remove(ResourcePattern::parse("film:b*").unwrap().pattern());
        assert_eq!((c.find("film:b"), c.lengths.len()), (Some(2), 1));
    }
}
