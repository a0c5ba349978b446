//! The label rules prepared for one run: sorted, with the time at which validity periods are evaluated.

use chrono::{DateTime, Utc};
use policies::label_rules::{LabelRule, LabelRules};
use serde_json::{Value, json};

use crate::clock;

/// The label rules and the time of one run.
#[derive(Debug)]
pub struct Plan {
    /// Sorted by name, which is the order of labels in a film.
    pub(crate) rules: Vec<LabelRule>,
    /// The hash of the rules, stored with each film.
    pub(crate) hash: String,
    pub(crate) now: DateTime<Utc>,
    pub(crate) labelled_at: String,
}

impl Plan {
    /// The plan of a run with `rules` that starts at `now`.
    #[must_use]
    pub fn new(rules: &LabelRules, now: DateTime<Utc>) -> Self {
        let mut sorted: Vec<LabelRule> = rules.iter().cloned().collect();
        sorted.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Self { rules: sorted, hash: rules.hash(), now, labelled_at: clock::text(now) }
    }

    /// The distinct date fields from which validity periods are computed.
    pub(crate) fn date_fields(&self) -> Vec<&str> {
        let mut fields: Vec<&str> = self
            .rules
            .iter()
            .filter_map(|rule| Some(rule.validity.as_ref()?.field.as_str()))
            .collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    }

    /// A query for all films that reports which rules each film matches.
    pub(crate) fn query(&self) -> Value {
        let named: Vec<Value> = self.rules.iter().filter_map(named_query).collect();
        json!({ "bool": { "filter": [{ "match_all": {} }], "should": named } })
    }
}

/// The query of a rule, named after the rule; `None` for a rule that every film matches.
pub(crate) fn named_query(rule: &LabelRule) -> Option<Value> {
    let query = rule.query.as_ref()?;
    Some(json!({ "bool": { "_name": rule.name.as_str(), "filter": [query] } }))
}
