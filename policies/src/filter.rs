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
use crate::action::Action;
use crate::error::PolicyError;
use crate::rule::Verdict;
use crate::snapshot::{RoleSet, Snapshot};

/// The field that holds the id of a document, for ranges of ids.
const ID: &str = "id";

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
    /// The filter of [`Self::filter_action`] for the action with this text.
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
        self.filter_action(roles, &Action::new(action), kind, at)
    }

    /// The filter for documents of the type `kind`. A document's `_id` is the id of the resource; its
    /// field `id`, a keyword, must have the same value, and `access` is what the labeler writes. Documents
    /// without `id` match only if the filter matches all documents.
    ///
    /// # Errors
    /// [`PolicyError::Internal`] if casbin fails. The caller must then show nothing.
    pub fn filter_action(
        &self,
        roles: &RoleSet,
        action: &Action,
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

    /// The query for the documents that this filter matches and `other` does not.
    #[must_use]
    pub fn without(&self, other: &Self) -> Value {
        json!({ "bool": { "filter": [self.query], "must_not": [other.query] } })
    }

    fn all() -> Self {
        Self { kind: FilterKind::All, query: json!({ "match_all": {} }) }
    }
}

fn assemble(ids: &Namespace, allowed_labels: Option<Value>) -> Filter {
    let denied = ids.id_queries(|verdict| !verdict.allows());
    if ids.root.allows() && denied.is_empty() && allowed_labels.is_none() {
        return Filter::all();
    }
    let mut clauses = Map::new();
    // Without the field, ranges of ids would say nothing about the document.
    let mut filter = vec![json!({ "exists": { "field": ID } })];
    if !ids.root.allows() {
        filter.push(any(&ids.id_queries(Verdict::allows)));
    } else if !denied.is_empty() {
        clauses.insert("must_not".into(), denied.into());
    }
    filter.extend(allowed_labels);
    clauses.insert("filter".into(), filter.into());
    Filter { kind: FilterKind::Some, query: json!({ "bool": clauses }) }
}

/// A query for the documents with these ids.
fn named(ids: &[&str]) -> Value {
    json!({ "terms": { "_id": ids } })
}

/// A query that matches if one of these does.
fn any(queries: &[Value]) -> Value {
    json!({ "bool": { "should": queries, "minimum_should_match": 1 } })
}
