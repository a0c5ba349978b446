//! Genres and directors: what films have in common, each with the number of films.

use std::collections::HashMap;
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::client::{Catalogue, CatalogueError, SearchResponse};
use super::film::Document;
use super::point_in_time::{Batches, PointInTime};
use super::query::Bool;

/// A property by which films are grouped: a list of `{id, name}` in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Facet {
    /// `genres`
    Genres,
    /// `directors`
    Directors,
}

/// A genre or a director, with the number of films.
#[derive(Clone, Debug, PartialEq, Serialize, Object)]
pub(crate) struct Counted {
    /// Stable id.
    pub(crate) id: String,
    /// Name; the id if the catalogue has none.
    pub(crate) name: String,
    /// Films that the caller may read, at least 1.
    pub(crate) films: u64,
}

/// An id with the number of films that have it.
pub(crate) type CountedId = (String, u64);

impl Facet {
    /// Name of the field, and of the list in cursors.
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::Genres => "genres",
            Self::Directors => "directors",
        }
    }

    /// The films that have this id, in the copy of the field that is not nested.
    pub(crate) fn term(self, id: &str) -> Value {
        json!({ "term": { self.id_field(): id } })
    }

    fn id_field(self) -> String {
        format!("{}.id", self.field())
    }

    /// The name that this document gives to the id.
    fn name(self, document: Document, id: &str) -> Option<String> {
        let named = match self {
            Self::Genres => document.film.genres,
            Self::Directors => document.film.directors,
        };
        named.into_iter().find(|named| named.id == id).map(|named| named.name)
    }
}

impl Catalogue {
    /// At most `size` ids of the admitted films, in their order, after `after`.
    ///
    /// # Errors
    /// As [`Catalogue::search`].
    pub(crate) async fn facet_ids(
        &self,
        facet: Facet,
        admitted: &RawValue,
        after: Option<&str>,
        size: u32,
    ) -> Result<Vec<CountedId>, CatalogueError> {
        ids(self.send(&ids_body(facet, admitted, after, size)).await?)
    }

    /// The same ids with their names.
    ///
    /// # Errors
    /// As [`Catalogue::search`].
    pub(crate) async fn with_names(
        &self,
        facet: Facet,
        admitted: &RawValue,
        ids: Vec<CountedId>,
    ) -> Result<Vec<Counted>, CatalogueError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let names = names(facet, self.send(&names_body(facet, admitted, &texts(&ids))).await?)?;
        Ok(named(ids, names))
    }

    /// The genre or director with this id, if an admitted film has it.
    ///
    /// # Errors
    /// As [`Catalogue::search`].
    pub(crate) async fn facet(
        &self,
        facet: Facet,
        id: &str,
        admitted: Arc<RawValue>,
    ) -> Result<Option<Counted>, CatalogueError> {
        let response = self.send(&names_body(facet, &admitted, &[id])).await?;
        let Some(bucket) = name_buckets(response)?.into_iter().next() else { return Ok(None) };
        let films = bucket.doc_count;
        let Some(document) = bucket.document() else { return Ok(None) };
        let name = facet.name(document, id).unwrap_or_else(|| id.to_owned());
        Ok(Some(Counted { id: id.to_owned(), name, films }))
    }
}

/// All genres or directors of the admitted films, `size` at a time. The first have been read when this
/// returns.
///
/// # Errors
/// As [`Catalogue::search`].
pub(crate) async fn all_counted(
    catalogue: &Arc<Catalogue>,
    facet: Facet,
    admitted: Arc<RawValue>,
    size: u32,
) -> Result<Batches<Counted>, CatalogueError> {
    let point = PointInTime::open(Arc::clone(catalogue)).await?;
    let state = Some((point, admitted, None));
    let batches = stream::try_unfold(state, move |state| batch(facet, state, size));
    let mut batches = batches.boxed();
    let first = batches.try_next().await?;
    Ok(stream::iter(first.map(Ok)).chain(batches).boxed())
}

/// A point in time, what is admitted, and the last id that was read.
type State = Option<(PointInTime, Arc<RawValue>, Option<String>)>;

async fn batch(
    facet: Facet,
    state: State,
    size: u32,
) -> Result<Option<(Vec<Counted>, State)>, CatalogueError> {
    let Some((mut point, admitted, after)) = state else { return Ok(None) };
    let ids = ids(point.send(ids_body(facet, &admitted, after.as_deref(), size)).await?)?;
    let Some((last, _)) = ids.last() else { return Ok(None) };
    let last = Some(last.clone());
    let names = names(facet, point.send(names_body(facet, &admitted, &texts(&ids))).await?)?;
    Ok(Some((named(ids, names), Some((point, admitted, last)))))
}

fn named(ids: Vec<CountedId>, mut names: HashMap<String, String>) -> Vec<Counted> {
    let counted = ids.into_iter().map(|(id, films)| {
        let name = names.remove(&id).unwrap_or_else(|| id.clone());
        Counted { id, name, films }
    });
    counted.collect()
}

fn ids_body(
    facet: Facet,
    admitted: &RawValue,
    after: Option<&str>,
    size: u32,
) -> impl Serialize + Send + Sync {
    let source = json!({ "id": { "terms": { "field": facet.id_field() } } });
    let mut composite = json!({ "size": size, "sources": [source] });
    if let (Some(after), Some(composite)) = (after, composite.as_object_mut()) {
        composite.insert("after".into(), json!({ "id": after }));
    }
    Aggregation::new((admitted,), json!({ "composite": composite }))
}

fn texts(ids: &[CountedId]) -> Vec<&str> {
    ids.iter().map(|(id, _)| id.as_str()).collect()
}

/// Documents that are no film, as their field `id` is not their id, that may come before the film that says
/// a name, and that film.
const MAX_MISNAMED: u32 = 4;

/// One film for each id says its name. It is one of the admitted films, so that a name that only
/// other films have stays unknown.
fn names_body(facet: Facet, admitted: &RawValue, ids: &[&str]) -> impl Serialize + Send + Sync {
    let (field, size) = (facet.id_field(), ids.len());
    let first = json!({
        "size": MAX_MISNAMED, "_source": ["id", facet.field()],
        "sort": [{ "id": { "order": "asc", "unmapped_type": "keyword" } }],
    });
    let items = json!({
        "terms": { "field": field, "include": ids, "size": size },
        "aggs": { "film": { "top_hits": first } },
    });
    Aggregation::new((admitted, json!({ "terms": { field: ids } })), items)
}

/// The body for a `_search` for the groups of the films that match all of `filter`, a tuple.
#[derive(Serialize)]
struct Aggregation<F> {
    query: Bool<Filter<F>>,
    size: u32,
    track_total_hits: bool,
    aggs: Groups,
}

#[derive(Serialize)]
struct Groups {
    items: Value,
}

#[derive(Serialize)]
struct Filter<F> {
    filter: F,
}

impl<F> Aggregation<F> {
    fn new(filter: F, items: Value) -> Self {
        let query = Bool { bool: Filter { filter } };
        Self { query, size: 0, track_total_hits: false, aggs: Groups { items } }
    }
}

#[derive(Deserialize)]
struct Aggregations<B> {
    items: Items<B>,
}

#[derive(Deserialize)]
struct Items<B> {
    buckets: Vec<B>,
}

#[derive(Deserialize)]
struct IdBucket {
    key: IdKey,
    doc_count: u64,
}

#[derive(Deserialize)]
struct IdKey {
    id: String,
}

#[derive(Deserialize)]
struct NameBucket {
    key: String,
    doc_count: u64,
    film: SearchResponse,
}

impl NameBucket {
    /// The film that says the name.
    fn document(self) -> Option<Document> {
        self.film.first()
    }
}

fn ids(response: SearchResponse) -> Result<Vec<CountedId>, CatalogueError> {
    let buckets = response.aggregations::<Aggregations<IdBucket>>()?.items.buckets;
    Ok(buckets.into_iter().map(|bucket| (bucket.key.id, bucket.doc_count)).collect())
}

fn name_buckets(response: SearchResponse) -> Result<Vec<NameBucket>, CatalogueError> {
    Ok(response.aggregations::<Aggregations<NameBucket>>()?.items.buckets)
}

fn names(
    facet: Facet,
    response: SearchResponse,
) -> Result<HashMap<String, String>, CatalogueError> {
    let name = |bucket: NameBucket| {
        let id = bucket.key.clone();
        let name = facet.name(bucket.document()?, &id)?;
        Some((id, name))
    };
    Ok(name_buckets(response)?.into_iter().filter_map(name).collect())
}
