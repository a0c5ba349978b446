//! A film as an import into an index would read it.

use serde_json::{Map, Value, value::to_raw_value};

use super::{
    film::UNINDEXED,
    mapping::{FilmMapping, TYPES},
    source::Fields,
};

/// Reads films as an import does: a date that is none, for example, is not left to Elasticsearch.
pub(crate) struct AsImported(FilmMapping);

impl AsImported {
    /// For an index with these mappings. `None` if it is not one of an import: its films are indexed as they are.
    pub(crate) fn new(mappings: &Value) -> Option<Self> {
        let properties = mappings.get("properties")?.as_object()?;
        properties.get(UNINDEXED)?;
        let mut declared = toml::Table::new();
        for (name, field) in properties {
            let kind = field.get("type").and_then(Value::as_str).unwrap_or_default();
            if TYPES.contains(&kind) && !FilmMapping::is_film_field(name) {
                let kind = toml::Table::from_iter([("type".to_owned(), kind.into())]);
                declared.insert(name.clone(), kind.into());
            }
        }
        let file = toml::Table::from_iter([("fields".to_owned(), declared.into())]);
        FilmMapping::parse(&file.to_string(), "").ok().map(Self)
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
