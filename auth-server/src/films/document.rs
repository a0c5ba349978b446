//! What Elasticsearch responds to a search for films.

use policies::{access_from_json, access_of_document};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A film, and what decides who may read it.
#[derive(Clone, Debug)]
pub(crate) struct FilmAccess {
    /// Title; empty if it has none.
    pub(crate) title: String,
    /// `access` of the document, for [`policies::Facts::access`]; `null` if it has none.
    pub(crate) access: Value,
}

/// A film by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilmRef {
    /// Id.
    pub(crate) id: String,
    /// Title; empty if it has none.
    pub(crate) title: String,
}

/// The response to a search.
#[derive(Deserialize)]
pub(super) struct Found {
    hits: Hits,
}

#[derive(Deserialize)]
struct Hits {
    hits: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_id")]
    id: String,
    /// It may hold what Elasticsearch stores and JSON cannot represent.
    #[serde(rename = "_source")]
    source: Box<RawValue>,
    #[serde(default)]
    sort: Option<Value>,
}

impl Found {
    /// How many documents were found.
    pub(super) fn len(&self) -> usize {
        self.hits.hits.len()
    }

    /// The position of the last document in the order of the search.
    pub(super) fn position(&self) -> Option<Value> {
        self.hits.hits.last()?.sort.clone()
    }

    /// The documents whose field `id` is their own id. Rules on ids mean the same film in a search and in a check
    /// only then.
    pub(super) fn films(self) -> impl Iterator<Item = Document> {
        self.hits.hits.into_iter().filter_map(Hit::document)
    }
}

/// The document of a film.
pub(super) struct Document {
    id: String,
    source: Value,
}

impl Hit {
    fn document(self) -> Option<Document> {
        let source = access_from_json(self.source.get());
        let own = source.get("id").is_some_and(|id| *id == self.id);
        own.then_some(Document { id: self.id, source })
    }
}

impl Document {
    pub(super) fn access(self) -> FilmAccess {
        let title = self.title();
        let access = match self.source {
            Value::Object(fields) => access_of_document(fields),
            _ => None,
        };
        FilmAccess { title, access: access.unwrap_or_default() }
    }

    pub(super) fn reference(self) -> FilmRef {
        FilmRef { title: self.title(), id: self.id }
    }

    /// Like Elasticsearch, it takes a number for a text.
    fn title(&self) -> String {
        match self.source.get("title") {
            Some(Value::String(title)) => title.clone(),
            Some(Value::Number(title)) => title.to_string(),
            _ => String::new(),
        }
    }
}
