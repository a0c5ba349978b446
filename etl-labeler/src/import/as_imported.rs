//! A film as an import into an index would read it.

use serde_json::{Map, Value, value::to_raw_value};

use super::{film::UNINDEXED, mapping::FilmMapping, source::Fields};

/// Reads films as an import does: a date that is none, for example, is not left to Elasticsearch.
pub(crate) struct AsImported(FilmMapping);

impl AsImported {
    /// For an index with these mappings. `None` if it is not one of an import: its films are indexed as they are.
    pub(crate) fn new(mappings: &Value) -> Option<Self> {
        mappings.get("properties")?.get(UNINDEXED)?;
        let mut mapping = FilmMapping::parse("", "").ok()?;
        mapping.adopt([mappings]);
        Some(Self(mapping))
    }

    /// The document of a film.
    ///
    /// # Errors
    /// Why an import would skip it.
    pub(crate) fn document(&self, film: &Map<String, Value>) -> Result<String, String> {
        let fields: Fields = film
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), to_raw_value(value).ok()?)))
            .collect();
        self.0.film(fields).map(|film| film.document).map_err(|bad| bad.to_string())
    }
}
