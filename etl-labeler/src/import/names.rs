//! Genres and directors: names, and ids for names that have none.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::{cell::Cell, literal};

/// How names are read.
#[derive(Debug)]
pub(super) struct NameRule {
    /// What divides the names in one text.
    pub(super) separator: String,
    /// The fields of an object that hold id and name.
    pub(super) id: String,
    pub(super) name: String,
    /// Columns that each stand for one name: a film has it if the column is 1 or true.
    pub(super) flags: Vec<String>,
}

/// The names that were read.
#[derive(Default)]
pub(super) struct Names {
    list: Vec<Value>,
    ids: BTreeSet<String>,
    /// Some of them could not be read.
    pub(super) unreadable: bool,
}

impl NameRule {
    /// The names in one value: a text, an object, or a list of them. Some tables have lists and objects as text, in
    /// JSON or as Python writes them; a text that begins like one and cannot be read is no name.
    pub(super) fn read(&self, value: &Cell<'_>, is_missing: impl Fn(&str) -> bool) -> Names {
        let mut names = Names::default();
        match value {
            Cell::Text(text) if literal::is_begun(text) => match literal::read(text) {
                Some(json) => return self.read(&Cell::of(&json), is_missing),
                None => names.unreadable = true,
            },
            Cell::Text(text) => {
                for name in text.split(&self.separator).filter(|name| !is_missing(name)) {
                    names.add(None, name, Map::new());
                }
            }
            Cell::List(items) => {
                for item in items {
                    self.add(&mut names, &Cell::of(item), &is_missing);
                }
            }
            item => self.add(&mut names, item, &is_missing),
        }
        names
    }

    fn add(&self, names: &mut Names, item: &Cell<'_>, is_missing: &impl Fn(&str) -> bool) {
        match item {
            Cell::Text(name) if is_missing(name) => {}
            Cell::Null => {}
            Cell::Object(fields) => {
                let field = |name: &str| fields.get(name).map(|raw| Cell::of(raw));
                let name = field(&self.name).and_then(|name| name.scalar().map(str::to_owned));
                let id = field(&self.id).and_then(|id| id.scalar().map(str::to_owned));
                let others =
                    fields.iter().filter(|(key, _)| **key != self.id && **key != self.name);
                let others = others.filter_map(|(key, raw)| {
                    Some((key.clone(), serde_json::from_str(raw.get()).ok()?))
                });
                match (name, id) {
                    (Some(name), id) => names.add(id, &name, others.collect()),
                    // A rule may be about the id.
                    (None, Some(id)) => names.add(Some(id.clone()), &id, others.collect()),
                    (None, None) => names.unreadable = true,
                }
            }
            item => match item.scalar() {
                Some(name) => names.add(None, name, Map::new()),
                None => names.unreadable = true,
            },
        }
    }
}

impl Names {
    /// The names whose columns are set.
    pub(super) fn of_flags<'f>(set: impl Iterator<Item = &'f str>) -> Self {
        let mut names = Self::default();
        set.for_each(|name| names.add(None, name, Map::new()));
        names
    }

    /// Adds a name, unless the film has one with the same id.
    fn add(&mut self, id: Option<String>, name: &str, mut others: Map<String, Value>) {
        let name = name.trim();
        let id = id.filter(|id| !id.is_empty()).unwrap_or_else(|| slug(name));
        if name.is_empty() || !self.ids.insert(id.clone()) {
            return;
        }
        others.insert("id".to_owned(), id.into());
        others.insert("name".to_owned(), name.into());
        self.list.push(others.into());
    }

    /// The value for the document, if there is any name.
    pub(super) fn value(self) -> Option<Value> {
        (!self.list.is_empty()).then(|| json!(self.list))
    }
}

/// An id for a name, always the same one: letters and digits in lower case, without accents on Latin
/// letters, and `-` for spaces and punctuation. Two names with one id differ in nothing else: a name with
/// any other character, such as `C++`, has a part of its hash at the end.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::new();
    let mut exact = true;
    for char in name.nfkd().flat_map(char::to_lowercase) {
        let accent = is_combining_mark(char) && slug.ends_with(|last: char| last.is_ascii());
        if char.is_alphanumeric() || is_combining_mark(char) && !accent {
            slug.push(char);
        } else if !accent {
            exact &= is_separator(char);
            if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
    }
    let slug: String = slug.trim_end_matches('-').nfc().collect();
    if exact && !slug.is_empty() {
        return slug;
    }
    let hash = short_hash(name);
    if slug.is_empty() { hash } else { format!("{slug}-{hash}") }
}

fn is_separator(char: char) -> bool {
    char.is_whitespace() || "-–_/|,.;:'’`´\"“”()[]&".contains(char)
}

/// A part of the hash of a text, 8 characters.
pub(super) fn short_hash(text: &str) -> String {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(text.as_bytes()));
    format!("{a:02x}{b:02x}{c:02x}{d:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_readable_and_stable() {
        for (name, expected) in [
            ("Drama", "drama"),
            ("Science Fiction", "science-fiction"),
            ("Sci-Fi", "sci-fi"),
            ("Thriller/Suspense", "thriller-suspense"),
            ("Children's", "children-s"),
            ("Georges Méliès", "georges-melies"),
            ("Андрей Тарковский", "андрей-тарковский"),
            ("黒澤 明", "黒澤-明"),
            (" Joel & Ethan Coen ", "joel-ethan-coen"),
        ] {
            assert_eq!(slug(name), expected, "{name}");
        }
    }

    #[test]
    fn names_that_differ_in_more_than_punctuation_have_different_ids() {
        let names = ["C", "C++", "C#", "C+", "???", "!!!", "✝", "か", "が", "И", "Й"];
        let ids: BTreeSet<String> = names.iter().map(|name| slug(name)).collect();
        assert_eq!(ids.len(), names.len(), "{ids:?}");
        assert!(ids.iter().all(|id| !id.is_empty()));
    }
}
