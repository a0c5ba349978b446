//! The search filter: an Elasticsearch query that admits exactly the documents that the decision
//! allows, made from the same table.
//!
//! Elasticsearch takes as many clauses in one search as its memory allows (4,096 with a heap of
//! 256 MiB and four search threads), and bools 30 deep. So names stand together in `terms`, every
//! range of ids or labels stands once, and what a film's own rule overrides is nested in a balanced
//! tree: clauses grow with the prefixes and labels that rules name, never with the films.

mod labels;
mod levels;
mod space;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};

use self::labels::Labels;
use self::levels::Levels;
use self::space::Space;
use crate::change::PolicyError;
use crate::rule::Verdict;
use crate::snapshot::{RoleSet, Snapshot};

/// How much a filter lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FilterKind {
    /// Every document; the query is `match_all`.
    All,
    /// No document; the query is `match_none`.
    None,
    /// Those that the query matches.
    Some,
}

impl FilterKind {
    /// The kind as clients see it.
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
    /// How much it lets through.
    pub kind: FilterKind,
    /// The query, for the `filter` clause of a search.
    pub query: Value,
}

/// The time that windows are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Elasticsearch's own clock at each search, so that a kept filter stays right.
    SearchTime,
    /// This second.
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
    /// The filter for documents of type `kind`: their `id` is the resource's id, one value, and
    /// `access` is as the labeler writes it.
    ///
    /// # Errors
    /// Casbin fails. Show nothing then.
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
        let asker = self.asker(roles, action);
        let ids = Space::read(&asker, &self.policy.resources, &format!("{kind}:"))?;
        if ids.is_closed() {
            return Ok(Filter::none());
        }
        let labels = Labels::read(&asker, self, at)?;
        let levels = Levels::read(&asker, &ids, kind, &labels)?;
        Ok(assemble(&ids, levels.admitted(&labels)))
    }
}

impl Filter {
    fn none() -> Self {
        Self { kind: FilterKind::None, query: json!({ "match_none": {} }) }
    }

    fn all() -> Self {
        Self { kind: FilterKind::All, query: json!({ "match_all": {} }) }
    }
}

fn assemble(ids: &Space, admitted: Option<Value>) -> Filter {
    let mut clauses = Map::new();
    let mut filter: Vec<Value> = Vec::new();
    if ids.root.allows() {
        let denied = ids.queries("id", |verdict| !verdict.allows());
        if !denied.is_empty() {
            clauses.insert("must_not".into(), denied.into());
        }
    } else {
        // The rest is closed, so also a document that has no id at all.
        filter.push(any(&ids.queries("id", Verdict::allows)));
    }
    filter.extend(admitted);
    if !filter.is_empty() {
        clauses.insert("filter".into(), filter.into());
    }
    if clauses.is_empty() {
        return Filter::all();
    }
    Filter { kind: FilterKind::Some, query: json!({ "bool": clauses }) }
}

/// One of these.
fn any(queries: &[Value]) -> Value {
    json!({ "bool": { "should": queries, "minimum_should_match": 1 } })
}
