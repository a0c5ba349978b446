//! The search filter: an Elasticsearch query that matches exactly the documents that the decision
//! allows, derived from the same table.
//!
//! Elasticsearch limits the clauses of a search by its memory (4,096 with a heap of 256 MiB and four
//! search threads), and `bool` queries to a depth of 30. Names are therefore collected in `terms`
//! queries, each range of ids or labels occurs once, and what rules on single films override is nested
//! in a balanced tree: the number of clauses grows with the prefixes and labels in rules, not with the
//! number of films.

mod class;
mod intervals;
mod labels;
mod namespace;
mod overrides;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use self::class::FilterClass;
use self::labels::LabelVerdicts;
use self::namespace::Namespace;
use self::overrides::Overrides;
use crate::error::PolicyError;
use crate::rule::Verdict;
use crate::snapshot::{RoleSet, Snapshot};

/// How many documents a filter matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FilterKind {
    /// All documents; the query is `match_all`.
    All,
    /// No documents; the query is `match_none`.
    None,
    /// The documents that the query matches.
    Some,
}

impl FilterKind {
    /// The kind in API responses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::None => "none",
            Self::Some => "some",
        }
    }
}

/// A search filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// How many documents the filter matches.
    pub kind: FilterKind,
    /// The Elasticsearch query, for the `filter` clause of a search.
    pub query: Value,
}

/// The time at which validity periods are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The time of each search, by Elasticsearch's clock, so that a cached filter stays correct.
    SearchTime,
    /// A fixed time, in whole seconds.
    Time(DateTime<Utc>),
}

impl At {
    fn text(self) -> String {
        match self {
            Self::SearchTime => "now/s".into(),
            Self::Time(at) => at.to_rfc3339_opts(SecondsFormat::Secs, true),
        }
    }
}

impl Snapshot {
    /// The filter for documents of the type `kind`. The field `id` must hold the id of the resource, a
    /// single value, and `access` what the labeler writes.
    ///
    /// # Errors
    /// [`PolicyError::Internal`] if casbin fails. The caller must then show nothing.
    pub fn filter(
        &self,
        roles: &RoleSet,
        action: &str,
        kind: &str,
        at: At,
    ) -> Result<Filter, PolicyError> {
        if !crate::names::is_type(kind) {
            return Ok(Filter::none());
        }
        let evaluator = self.evaluator(roles, action);
        let ids = Namespace::read(&evaluator, &self.policy.resources, &format!("{kind}:"))?;
        if ids.is_closed() {
            return Ok(Filter::none());
        }
        let labels = LabelVerdicts::read(&evaluator, self, at)?;
        let overrides = Overrides::read(&evaluator, &ids, kind, &labels)?;
        Ok(assemble(&ids, overrides.allowed(&labels)))
    }
}

impl Filter {
    /// The filter that matches nothing.
    #[must_use]
    pub fn none() -> Self {
        Self { kind: FilterKind::None, query: json!({ "match_none": {} }) }
    }

    fn all() -> Self {
        Self { kind: FilterKind::All, query: json!({ "match_all": {} }) }
    }
}

fn assemble(ids: &Namespace, allowed_labels: Option<Value>) -> Filter {
    let mut clauses = Map::new();
    let mut filter: Vec<Value> = Vec::new();
    if ids.root.allows() {
        let denied = ids.queries("id", |verdict| !verdict.allows());
        if !denied.is_empty() {
            clauses.insert("must_not".into(), denied.into());
        }
    } else {
        // Everything else is denied, including a document without an id.
        filter.push(any(&ids.queries("id", Verdict::allows)));
    }
    filter.extend(allowed_labels);
    if !filter.is_empty() {
        clauses.insert("filter".into(), filter.into());
    }
    if clauses.is_empty() {
        return Filter::all();
    }
    Filter { kind: FilterKind::Some, query: json!({ "bool": clauses }) }
}

/// A query that matches if one of these does.
fn any(queries: &[Value]) -> Value {
    json!({ "bool": { "should": queries, "minimum_should_match": 1 } })
}
