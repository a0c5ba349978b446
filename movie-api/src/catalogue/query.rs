//! Searches, as Elasticsearch takes them.

use std::sync::Arc;

use policies::ACCESS_FIELDS;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::film::FIELDS;
use super::order::Order;

/// Elasticsearch counts further only if asked to, since that costs more than the page itself.
pub(crate) const MAX_COUNTED: u32 = 10_000;

/// A search for films.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    /// What the caller may read.
    pub(crate) admitted: Arc<RawValue>,
    /// Every other query that must match.
    pub(crate) filter: Vec<Value>,
    /// A query that must match, too, and that ranks the films in [`Order::Relevance`].
    pub(crate) matching: Option<Value>,
    /// Order of the films.
    pub(crate) order: Order,
}

/// Where a section of a list starts.
#[derive(Clone, Debug)]
pub(crate) enum Start {
    /// After so many films.
    At(u32),
    /// After the film in this position.
    After(Vec<Value>),
}

/// How far films are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// To the end.
    Exact,
    /// Up to [`MAX_COUNTED`].
    Limited,
    /// Not at all.
    None,
}

/// A section of the films that match.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// Where it starts.
    pub(crate) start: Start,
    /// How many films it has at most.
    pub(crate) size: u32,
    /// How far all films are counted.
    pub(crate) count: Count,
}

impl Section {
    /// The first films.
    pub(crate) fn first(size: u32, count: Count) -> Self {
        Self { start: Start::At(0), size, count }
    }
}

/// The films with these ids.
pub(crate) fn with_ids(ids: &impl Serialize) -> Value {
    json!({ "terms": { "_id": ids } })
}

impl Search {
    /// The body for `_search`, which returns these fields. It asks for one film more than the section has, to know whether the
    /// list goes on.
    pub(super) fn body<'a>(
        &'a self,
        section: &'a Section,
        fields: &'a [&'static str],
    ) -> impl Serialize + Sync + 'a {
        let (from, search_after) = match &section.start {
            Start::At(from) => (Some(*from), None),
            Start::After(position) => (None, Some(position.as_slice())),
        };
        let filter = Clauses(&self.admitted, &self.filter);
        Body {
            query: Bool { bool: Matching { filter, must: self.matching.as_slice() } },
            sort: self.order.sort(),
            from,
            search_after,
            size: section.size + 1,
            track_total_hits: section.count.limit(),
            fields,
        }
    }
}

impl Count {
    fn limit(self) -> Value {
        match self {
            Self::Exact => true.into(),
            Self::Limited => MAX_COUNTED.into(),
            Self::None => false.into(),
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    query: Bool<Matching<'a>>,
    sort: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    search_after: Option<&'a [Value]>,
    size: u32,
    track_total_hits: Value,
    #[serde(rename = "_source")]
    fields: &'a [&'static str],
}

#[derive(Serialize)]
pub(super) struct Bool<C> {
    pub(super) bool: C,
}

#[derive(Serialize)]
struct Matching<'a> {
    filter: Clauses<'a>,
    must: &'a [Value],
}

/// The caller's filter and further queries, all of which must match. The filter is borrowed: a copy, or
/// writing it out, would cost more than the rest of a request for a film.
struct Clauses<'a>(&'a RawValue, &'a [Value]);

impl Serialize for Clauses<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut clauses = serializer.serialize_seq(Some(1 + self.1.len()))?;
        clauses.serialize_element(self.0)?;
        self.1.iter().try_for_each(|clause| clauses.serialize_element(clause))?;
        clauses.end()
    }
}

/// The name of the caller's filter in [`by_id`].
pub(super) const ADMITTED: &str = "admitted";
/// Films with one id that are looked at; more than ever share one.
const MAX_NAMESAKES: u32 = 10;

/// The body for a `_search` for the films with one id. Each says in `matched_queries` whether the caller's
/// filter matches it.
#[derive(Serialize)]
pub(super) struct ById<'a> {
    query: Bool<OfId<'a>>,
    size: u32,
    track_total_hits: bool,
    #[serde(rename = "_source")]
    fields: [&'static str; FIELDS.len() + 1],
}

#[derive(Serialize)]
struct OfId<'a> {
    filter: Value,
    should: Bool<Admitted<'a>>,
}

#[derive(Serialize)]
struct Admitted<'a> {
    #[serde(rename = "_name")]
    name: &'static str,
    filter: &'a RawValue,
}

impl<'a> ById<'a> {
    /// Films with the id `id`, and whether `admitted` matches them.
    pub(super) fn new(id: &str, admitted: &'a RawValue) -> Self {
        let mut fields = [ACCESS_FIELDS; FIELDS.len() + 1];
        fields[1..].copy_from_slice(&FIELDS);
        let filter = json!({ "ids": { "values": [id] } });
        let should = Bool { bool: Admitted { name: ADMITTED, filter: admitted } };
        let query = Bool { bool: OfId { filter, should } };
        Self { query, size: MAX_NAMESAKES, track_total_hits: false, fields }
    }
}
