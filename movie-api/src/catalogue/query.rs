//! Searches, as Elasticsearch takes them.

use serde_json::{Value, json};

use super::film::FIELDS;

/// The order of a list. Every order ends with the id, so that no two films are ever tied and pages
/// neither repeat nor lose one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Highest viewers' rating first; films without one at the end.
    BestRated,
    /// Latest release first; films without a date at the end.
    Newest,
}

impl Order {
    fn sort(self) -> Value {
        let (field, unmapped) = match self {
            Self::BestRated => ("imdb_rating", "float"),
            Self::Newest => ("release_date", "date"),
        };
        json!([
            { field: { "order": "desc", "missing": "_last", "unmapped_type": unmapped } },
            { "id": { "order": "asc", "unmapped_type": "keyword" } },
        ])
    }
}

/// A search for films.
pub(crate) struct Search {
    /// Every query must match; what the caller may read is one of them.
    pub(crate) filter: Vec<Value>,
    /// Order of the films.
    pub(crate) order: Order,
    /// How many films to skip.
    pub(crate) from: u32,
    /// How many films to return at most.
    pub(crate) size: u32,
}

impl Search {
    /// The film with this id, if `admitted` admits it.
    pub(crate) fn one(id: &str, admitted: Value) -> Self {
        let filter = vec![admitted, json!({ "ids": { "values": [id] } })];
        Self { filter, order: Order::BestRated, from: 0, size: 1 }
    }

    /// The body for `_search`.
    pub(crate) fn body(&self) -> Value {
        json!({
            "query": { "bool": { "filter": self.filter } },
            "sort": self.order.sort(),
            "from": self.from,
            "size": self.size,
            "track_total_hits": true,
            "_source": FIELDS,
        })
    }
}

/// Films that carry the label `new` now: labelled, and inside the label's window.
///
/// Written like auth-server's filter, "not over and not yet to come", so that a window with a
/// missing end counts here exactly when it counts there.
pub(crate) fn labelled_new() -> Value {
    json!({ "bool": {
        "filter": [
            { "exists": { "field": "access.labelled_at" } },
            { "term": { "access.labels": "new" } },
        ],
        "must_not": [
            { "range": { "access.until.new": { "lte": "now/s" } } },
            { "range": { "access.from.new": { "gt": "now/s" } } },
        ],
    } })
}
