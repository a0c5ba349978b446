//! Equivalence classes of names. Names that are covered by the same patterns get the same decision, so
//! decisions are stored per class: each literal in a rule is a class of its own, and every other name
//! belongs to the class of the longest prefix in a rule that it starts with.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::RandomState;
use smol_str::SmolStr;

use crate::copied_map::CopiedMap;
use crate::pattern::Pattern;
use crate::roles::{RoleBits, RoleId};

/// Number of a class, never reused for another pattern.
pub(crate) type ClassId = u32;

/// A literal or prefix that occurs in rules, with its class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PatternClass<'a> {
    pub(crate) text: &'a str,
    pub(crate) is_prefix: bool,
    pub(crate) id: ClassId,
}

/// A name that occurs in rules.
#[derive(Clone, Copy, Debug)]
struct Literal {
    class: ClassId,
    /// The roles of all rules about it; those of rules that were deleted may be among them.
    roles: RoleBits,
}

/// A length that prefixes have.
#[derive(Clone, Debug)]
struct PrefixLength {
    bytes: usize,
    /// Number of prefixes of this length.
    prefixes: u32,
}

/// Number of patterns of one type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) literals: usize,
    pub(crate) prefixes: usize,
}

/// The literals and prefixes that occur in rules, each counted by the rules that use it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Classes {
    literals: CopiedMap<SmolStr, Literal>,
    prefixes: CopiedMap<SmolStr, ClassId>,
    /// The distinct lengths of prefixes, longest first. They are few, so looking up each is faster
    /// than a search among the prefixes.
    lengths: Vec<PrefixLength>,
    /// Number of rules that use each class.
    references: CopiedMap<ClassId, u32>,
    /// Number of patterns by the type of the names, which stands before their `:`.
    sizes: HashMap<SmolStr, Size, RandomState>,
    next: ClassId,
}

impl Classes {
    /// The class of a name; `None` if no rule can apply to it.
    pub(crate) fn class_of(&self, name: &str) -> Option<ClassId> {
        self.covering(name).next()
    }

    /// The class of a name that occurs literally in a rule.
    pub(crate) fn literal_class(&self, name: &str) -> Option<ClassId> {
        self.literals.get(name).map(|literal| literal.class)
    }

    /// The same, if a rule about the name may apply to one of these roles.
    pub(crate) fn literal_class_for(&self, roles: RoleBits, name: &str) -> Option<ClassId> {
        let literal = self.literals.get(name).filter(|it| it.roles.may_intersect(roles));
        literal.map(|literal| literal.class)
    }

    /// The class that decides about a name for these roles. Without a rule about the name itself they need no
    /// verdict of their own: in a large policy that saves most verdicts, and waiting for the memory they are in.
    pub(crate) fn class_for(&self, roles: RoleBits, name: &str) -> Option<ClassId> {
        self.literal_class_for(roles, name).or_else(|| self.covering_prefixes(name).next())
    }

    /// The classes of all patterns that cover `name`, narrowest first.
    pub(crate) fn covering<'a>(&'a self, name: &'a str) -> impl Iterator<Item = ClassId> + 'a {
        self.literal_class(name).into_iter().chain(self.covering_prefixes(name))
    }

    fn covering_prefixes<'a>(&'a self, name: &'a str) -> impl Iterator<Item = ClassId> + 'a {
        let starts = self.lengths.iter().filter_map(|length| name.get(..length.bytes));
        starts.filter_map(|start| self.prefixes.get(start).copied())
    }

    /// Whether a pattern of at least so many bytes covers `name`.
    pub(crate) fn covers_with(&self, bytes: usize, name: &str) -> bool {
        let long = self.lengths.iter().take_while(|length| length.bytes >= bytes);
        let mut starts = long.filter_map(|length| name.get(..length.bytes));
        name.len() >= bytes && self.literal_class(name).is_some()
            || starts.any(|start| self.prefixes.contains_key(start))
    }

    /// The names that occur literally in rules, in no particular order.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &str> {
        self.literals.iter().map(|(name, _)| name.as_str())
    }

    /// The classes of all patterns within this one.
    pub(crate) fn within(&self, pattern: &Pattern) -> Vec<ClassId> {
        if !pattern.is_prefix() {
            return self.literal_class(pattern.text()).into_iter().collect();
        }
        let within = self.iter().filter(|class| class.text.starts_with(pattern.text()));
        within.map(|class| class.id).collect()
    }

    /// All literals and prefixes, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = PatternClass<'_>> {
        let class = |text, is_prefix, id| PatternClass { text, is_prefix, id };
        let literals = self.literals.iter().map(move |(text, it)| class(text, false, it.class));
        literals.chain(self.prefixes.iter().map(move |(text, &id)| class(text, true, id)))
    }

    /// A name that belongs to the class. The text of a prefix may be a literal, which is a class of its own.
    pub(crate) fn member<'a>(&self, class: PatternClass<'a>) -> Cow<'a, str> {
        let is_used =
            |text: &str| self.literals.contains_key(text) || self.prefixes.contains_key(text);
        Pattern::member(class.text, class.is_prefix, is_used)
    }

    /// The class of a pattern that occurs in a rule.
    pub(crate) fn class_of_pattern(&self, pattern: &Pattern) -> Option<ClassId> {
        if pattern.is_prefix() {
            self.prefixes.get(pattern.text()).copied()
        } else {
            self.literal_class(pattern.text())
        }
    }

    /// Number of rules that use the pattern.
    pub(crate) fn uses(&self, pattern: &Pattern) -> u32 {
        let class = self.class_of_pattern(pattern);
        class.and_then(|class| self.references.get(&class)).copied().unwrap_or_default()
    }

    /// Number of patterns of this type.
    pub(crate) fn size(&self, kind: &str) -> Size {
        self.sizes.get(kind).copied().unwrap_or_default()
    }

    /// Adds the reference of a rule of this role to the pattern.
    pub(crate) fn acquire(&mut self, pattern: &Pattern, role: RoleId) -> ClassId {
        let id = self.class_of_pattern(pattern).unwrap_or_else(|| self.insert(pattern));
        let references = self.references.get(&id).copied().unwrap_or_default();
        self.references.insert(id, references + 1);
        if let Some(literal) = self.literals.get(pattern.text()).filter(|it| it.class == id) {
            let roles = literal.roles.with(RoleBits::of(role));
            self.literals.insert(pattern.shared_text(), Literal { class: id, roles });
        }
        id
    }

    fn insert(&mut self, pattern: &Pattern) -> ClassId {
        let id = self.next;
        self.next += 1;
        let text = pattern.shared_text();
        let size = self.sizes.entry(kind(&text).into()).or_default();
        if !pattern.is_prefix() {
            size.literals += 1;
            self.literals.insert(text, Literal { class: id, roles: RoleBits::default() });
            return id;
        }
        size.prefixes += 1;
        match self.length(text.len()) {
            Ok(length) => length.prefixes += 1,
            Err(at) => self.lengths.insert(at, PrefixLength { bytes: text.len(), prefixes: 1 }),
        }
        self.prefixes.insert(text, id);
        id
    }

    /// The entry for this length, or the index at which to insert it.
    fn length(&mut self, bytes: usize) -> Result<&mut PrefixLength, usize> {
        let at = self.lengths.partition_point(|other| other.bytes > bytes);
        self.lengths.get_mut(at).filter(|other| other.bytes == bytes).ok_or(at)
    }

    /// Removes a rule's reference to the pattern.
    pub(crate) fn release(&mut self, pattern: &Pattern) {
        let Some(id) = self.class_of_pattern(pattern) else { return };
        match self.references.get(&id) {
            None => {}
            Some(1) => self.remove(id, pattern),
            Some(&references) => self.references.insert(id, references - 1),
        }
    }

    fn remove(&mut self, id: ClassId, pattern: &Pattern) {
        self.references.remove(&id);
        let text = pattern.shared_text();
        let kind = kind(&text);
        let size = self.sizes.entry(kind.into()).or_default();
        if pattern.is_prefix() {
            size.prefixes -= 1;
            self.prefixes.remove(&text);
        } else {
            size.literals -= 1;
            self.literals.remove(&text);
        }
        if *size == Size::default() {
            self.sizes.remove(kind);
        }
        if pattern.is_prefix()
            && let Ok(length) = self.length(text.len())
        {
            length.prefixes -= 1;
            self.lengths.retain(|length| length.prefixes > 0);
        }
    }

    /// Number of class ids allocated so far.
    pub(crate) fn allocated(&self) -> u32 {
        self.next
    }

    /// Number of classes in use.
    pub(crate) fn len(&self) -> usize {
        self.literals.len() + self.prefixes.len()
    }
}

/// The type of a name or prefix: what stands before its `:`.
pub(crate) fn kind(text: &str) -> &str {
    text.split_once(':').map_or(text, |(kind, _)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::ResourcePattern;

    fn classes(patterns: &[&str]) -> Classes {
        let mut classes = Classes::default();
        for text in patterns {
            classes.acquire(ResourcePattern::parse(text).unwrap().pattern(), 0);
        }
        classes
    }

    #[test]
    fn the_class_of_a_name_is_its_literal_or_its_longest_prefix() {
        let c = classes(&["*", "film:*", "film:a*", "film:abc", "film:abd*", "film:é*"]);
        let class_of = |name: &str| c.class_of(name);
        assert_eq!(class_of("film:abc"), Some(3));
        assert_eq!(class_of("film:abcd"), Some(2));
        assert_eq!(class_of("film:abd"), Some(4));
        assert_eq!(class_of("film:abz"), Some(2));
        assert_eq!(class_of("film:b"), Some(1));
        assert_eq!(class_of("film"), Some(0));
        assert_eq!(class_of("film:été"), Some(5));
        assert_eq!(c.covering("film:abc").collect::<Vec<_>>(), [3, 2, 1, 0]);
    }

    #[test]
    fn a_member_of_a_prefix_is_no_narrower_name() {
        let c = classes(&["film:a*", "film:a", "film:a0", "film:a1*"]);
        for class in c.iter() {
            assert_eq!(c.class_of(&c.member(class)), Some(class.id), "{class:?}");
        }
    }

    #[test]
    fn a_name_that_no_pattern_covers_has_no_class() {
        let mut c = classes(&["film:a*", "film:a"]);
        assert_eq!(c.class_of("film:b"), None);
        c.release(ResourcePattern::parse("film:a*").unwrap().pattern());
        assert_eq!((c.class_of("film:a"), c.class_of("film:ab")), (Some(1), None));
    }

    #[test]
    fn a_prefix_length_is_looked_up_while_a_prefix_has_it() {
        let mut c = classes(&["film:a*", "film:b*", "film:b*", "film:*"]);
        for released in ["film:a*", "film:b*"] {
            c.release(ResourcePattern::parse(released).unwrap().pattern());
        }
        assert_eq!((c.class_of("film:a"), c.class_of("film:b")), (Some(2), Some(1)));
        c.release(ResourcePattern::parse("film:b*").unwrap().pattern());
        assert_eq!((c.class_of("film:b"), c.lengths.len()), (Some(2), 1));
    }
}
