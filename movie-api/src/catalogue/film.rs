//! A film, read from its document.

use std::fmt::{self, Formatter};

use poem_openapi::Object;
use policies::access_of_document;
use reqwest::Url;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// The fields of a document that make a [`Film`].
pub(super) const FIELDS: [&str; 9] = [
    "id",
    "title",
    "release_date",
    "imdb_rating",
    "mpaa_rating",
    "genres",
    "directors",
    "description",
    "poster",
];

/// A film.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Object)]
pub(crate) struct Film {
    /// Stable id, as in `/movies/{id}`.
    pub(crate) id: String,
    /// Title; empty if the catalogue has none.
    pub(crate) title: String,
    /// Day of the first release, `YYYY-MM-DD`.
    pub(crate) release_date: Option<String>,
    /// Viewers' rating at imdb.com, 0 to 10.
    pub(crate) imdb_rating: Option<f64>,
    /// MPAA rating: `G`, `PG`, `PG-13`, `R` or `NC-17`.
    pub(crate) mpaa_rating: Option<String>,
    /// Genres; empty if unknown.
    pub(crate) genres: Vec<Named>,
    /// Directors; empty if unknown.
    pub(crate) directors: Vec<Named>,
    /// What it is about.
    pub(crate) description: Option<String>,
    /// Address of an image, always `https:`.
    pub(crate) poster: Option<String>,
    /// Labels that the site shows (`MOVIE_PUBLIC_LABELS`) and that the film has now.
    pub(crate) labels: Vec<String>,
}

/// A genre, an actor or a director.
#[derive(Clone, Debug, PartialEq, Serialize, Object)]
pub(crate) struct Named {
    /// Stable id.
    pub(crate) id: String,
    /// Name.
    pub(crate) name: String,
}

/// A film together with what auth-server has to know about it.
pub(crate) struct Document {
    /// The document's id.
    pub(crate) id: String,
    /// `access` as in the document; `None` if it is missing.
    pub(crate) access: Option<Value>,
    /// What the caller gets if allowed.
    pub(crate) film: Film,
}

/// The `_source` of a document. Most of it is text that becomes a part of the film as it is, so that it is
/// read without a detour over a [`Value`].
#[derive(Default)]
pub(super) struct Source {
    /// The field `id`, which should be the document's.
    pub(super) id: Value,
    /// `access` and keys that begin with it.
    access: Map<String, Value>,
    film: Film,
}

impl Source {
    /// The document with this id.
    pub(super) fn into_document(self, id: String) -> Document {
        let access = access_of_document(self.access);
        let film = Film { id: id.clone(), ..self.film };
        Document { id, access, film }
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Source;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("a document")
    }

    /// Like Elasticsearch, it takes a number for a text, a text for a number and one value for a list,
    /// so that one odd document never breaks a page.
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Source, A::Error> {
        let mut source = Source::default();
        let film = &mut source.film;
        while let Some(name) = fields.next_key::<String>()? {
            match name.as_str() {
                "id" => source.id = fields.next_value()?,
                "title" => film.title = text(fields.next_value()?).unwrap_or_default(),
                "release_date" => film.release_date = text(fields.next_value()?),
                "imdb_rating" => film.imdb_rating = number(fields.next_value()?),
                "mpaa_rating" => film.mpaa_rating = text(fields.next_value()?),
                "genres" => film.genres = list(fields.next_value()?),
                "directors" => film.directors = list(fields.next_value()?),
                "description" => film.description = text(fields.next_value()?),
                "poster" => film.poster = image(&fields.next_value()?),
                _ => drop(source.access.insert(name, fields.next_value()?)),
            }
        }
        Ok(source)
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An address that browsers load without telling others on the way.
fn image(value: &Value) -> Option<String> {
    let url = Url::parse(value.as_str()?).ok()?;
    (url.scheme() == "https").then(|| url.into())
}

fn number(value: Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

fn list(value: Value) -> Vec<Named> {
    match value {
        Value::Array(items) => items.into_iter().filter_map(named).collect(),
        item => named(item).into_iter().collect(),
    }
}

fn named(mut item: Value) -> Option<Named> {
    let mut take = |field| item.get_mut(field).map(Value::take);
    Some(Named { id: take("id").and_then(text)?, name: take("name").and_then(text)? })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(source: Value) -> Document {
        Source::deserialize(source).expect("a document").into_document("1".into())
    }

    #[test]
    fn odd_values_are_read_as_elasticsearch_reads_them() {
        let source = json!({
            "title": 1917, "imdb_rating": "8.2", "release_date": null, "mpaa_rating": ["R"],
            "genres": {"id": "war", "name": "War"}, "directors": [{"id": "mendes"}, "Sam Mendes"],
            "access": null,
        });
        let document = read(source);
        assert_eq!(document.access, Some(Value::Null));
        assert_eq!(document.film.title, "1917");
        assert_eq!(document.film.imdb_rating, Some(8.2));
        assert_eq!(document.film.genres, [Named { id: "war".into(), name: "War".into() }]);
        assert_eq!(document.film.directors, []);
        assert_eq!((document.film.release_date, document.film.mpaa_rating), (None, None));
    }

    #[test]
    fn a_poster_is_an_absolute_https_address() {
        let poster = |poster: Value| read(json!({ "poster": poster })).film.poster;
        let address = "https://images.example/a.jpg";
        assert_eq!(poster(address.into()).as_deref(), Some(address));
        for other in [
            "http://images.example/a.jpg",
            "//images.example/a.jpg",
            "/a.jpg",
            "N/A",
            "",
            "javascript:alert(1)",
            "data:image/png;base64,AA",
            "https://",
        ] {
            assert_eq!(poster(other.into()), None, "{other}");
        }
        assert_eq!(poster(json!([address])), None);
    }
}
