//! Reads a record as a film.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, to_raw_value};

use super::{
    bad_line::BadLine,
    cell::Cell,
    dates::is_year,
    kind::{Kind, Reading, boolean, is_missing},
    mapping::{Field, FilmMapping},
    names::{Names, short_hash, slug},
    source::Fields,
};
use crate::excerpt::excerpt;

/// Elasticsearch's maximum length of a document id.
pub(super) const MAX_ID_BYTES: usize = 512;

/// Values that no indexed field takes: Elasticsearch stores them and reads nothing of them.
pub(crate) const UNINDEXED: &str = "unindexed";

/// The field of a document that names the others whose value in the source could not be read. The labeler
/// leaves such a film unlabelled if a label rule uses one of them: without the value, it would be open.
pub(crate) const UNREADABLE_FIELDS: &str = "unreadable_fields";

/// A film: its id and the document to store.
#[derive(Debug)]
pub(super) struct Film {
    pub(super) id: String,
    /// The document, as JSON.
    pub(super) document: String,
    /// Whether it has a release date.
    pub(super) dated: bool,
    /// Fields whose value in the source could not be read.
    pub(super) unreadable: Vec<Unreadable>,
}

/// A value that a field cannot take; the document keeps it in [`UNINDEXED`].
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) field: String,
    pub(super) value: String,
    /// A date that is a year alone.
    pub(super) year_alone: bool,
}

impl FilmMapping {
    /// The film of a record.
    ///
    /// # Errors
    /// [`BadLine::Id`] or [`BadLine::NoId`]: everything else about a film may be missing.
    pub(super) fn film(&self, source: Fields) -> Result<Film, BadLine> {
        let id = self.film_id(&source)?;
        let mut document = Document { values: Fields::new(), unindexed: Fields::new() };
        let mut film = Film { id, document: String::new(), dated: false, unreadable: Vec::new() };
        document.add("id", &film.id.as_str().into());
        for field in &self.fields {
            let Reading { value, unreadable } = field.read(&source, &self.missing);
            if let (true, Some(raw)) = (unreadable, field.source(&source, &self.missing)) {
                film.unreadable.push(Unreadable::new(field, raw));
                document.unindexed.insert(field.name.clone(), raw.to_owned());
            }
            if let Some(value) = value {
                film.dated |= field.name == "release_date";
                document.add(&field.name, &value);
            }
        }
        if !film.unreadable.is_empty() {
            let names = film.unreadable.iter().map(|unreadable| unreadable.field.as_str());
            document.add(UNREADABLE_FIELDS, &names.collect());
        }
        for (name, value) in source {
            if !self.sources().any(|source| source == name) {
                document.keep(self, name, value);
            }
        }
        film.document = document.json();
        Ok(film)
    }

    fn film_id(&self, source: &Fields) -> Result<String, BadLine> {
        let part = |name: &String| match source.get(name).map(|raw| Cell::of(raw)) {
            Some(Cell::Text(text)) => Some(text),
            Some(Cell::Literal(number)) if !matches!(number, "true" | "false") => {
                Some(number.to_owned())
            }
            _ => None,
        };
        // Films without an id would become one.
        let is_missing = |part: &String| is_missing(part, &self.missing);
        let id = match self.id.as_slice() {
            [name] => match part(name) {
                Some(text) if !text.is_empty() && is_missing(&text) => {
                    return Err(BadLine::NoId(excerpt(&text).into_owned()));
                }
                id => id.filter(|id| !id.is_empty()),
            },
            names => {
                let parts = names.iter().filter_map(part).filter(|part| !is_missing(part));
                let parts: Vec<String> = parts.collect();
                let text = parts.join(" ");
                let hash = short_hash(&parts.join("\0"));
                (!parts.is_empty()).then(|| format!("{}-{hash}", slug(&text)))
            }
        };
        id.filter(|id| id.len() <= MAX_ID_BYTES).ok_or(BadLine::Id)
    }
}

impl Field {
    fn read(&self, source: &Fields, missing: &[String]) -> Reading {
        let flags = self.kind.flags();
        if flags.is_empty() {
            let cell = source.get(&self.from).map(|raw| Cell::of(raw));
            return cell.map(|cell| self.kind.read(cell, missing)).unwrap_or_default();
        }
        let is_set = |flag: &&String| {
            let raw = source.get(*flag);
            raw.is_some_and(|raw| Cell::of(raw).scalar().and_then(boolean) == Some(true))
        };
        let names = Names::of_flags(flags.iter().filter(is_set).map(String::as_str));
        let unreadable = self.unreadable_flag(source, missing).is_some();
        Reading { unreadable, value: names.value() }
    }

    /// The value of the source that was not readable.
    fn source<'s>(&self, source: &'s Fields, missing: &[String]) -> Option<&'s RawValue> {
        if self.kind.flags().is_empty() {
            return source.get(&self.from).map(AsRef::as_ref);
        }
        self.unreadable_flag(source, missing)
    }

    /// The first flag that is neither set nor unset.
    fn unreadable_flag<'s>(&self, source: &'s Fields, missing: &[String]) -> Option<&'s RawValue> {
        let mut flags =
            self.kind.flags().iter().filter_map(|flag| Some(source.get(flag)?.as_ref()));
        flags.find(|raw| match Cell::of(raw) {
            Cell::Null => false,
            cell => cell
                .scalar()
                .is_none_or(|text| !is_missing(text, missing) && boolean(text).is_none()),
        })
    }
}

impl Unreadable {
    fn new(field: &Field, raw: &RawValue) -> Self {
        let cell = Cell::of(raw);
        let year_alone = matches!(field.kind, Kind::Date(_)) && cell.scalar().is_some_and(is_year);
        Self { field: field.name.clone(), value: raw.get().to_owned(), year_alone }
    }
}

/// The document of a film.
struct Document {
    values: Fields,
    unindexed: Fields,
}

impl Document {
    fn add(&mut self, name: &str, value: &serde_json::Value) {
        // A value of JSON always has a notation.
        if let Ok(raw) = to_raw_value(value) {
            self.values.insert(name.to_owned(), raw);
        }
    }

    /// Keeps a field that the mapping does not name: as it is, unless Elasticsearch would read it as
    /// something else. `access` is discarded, since only the labeler writes it.
    fn keep(&mut self, mapping: &FilmMapping, name: String, value: Box<RawValue>) {
        if name == "access" || name.starts_with("access.") {
            return;
        }
        let taken = name == "id" || mapping.fields.iter().any(|field| field.name == name);
        let plain = !name.trim().is_empty() && !name.starts_with('_') && !name.contains('.');
        let reserved = [UNINDEXED, UNREADABLE_FIELDS].contains(&name.as_str());
        let place =
            if taken || !plain || reserved { &mut self.unindexed } else { &mut self.values };
        place.entry(name).or_insert(value);
    }

    fn json(mut self) -> String {
        if !self.unindexed.is_empty()
            && let Ok(raw) = to_raw_value(&self.unindexed)
        {
            self.values.insert(UNINDEXED.to_owned(), raw);
        }
        serde_json::to_string::<BTreeMap<_, _>>(&self.values).unwrap_or_default()
    }
}
