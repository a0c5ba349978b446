//! The label rules prepared for one run, with the time at which validity periods are evaluated.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use policies::label_rules::{LabelRule, LabelRules};
use serde_json::{Value, json};

use crate::{clock, unreadable};

/// The label rules and the time of one run.
#[derive(Debug)]
pub struct Plan {
    pub(crate) rules: LabelRules,
    /// Sorted, which is the order of labels in a film.
    pub(crate) labels: Vec<String>,
    /// The hash of the rules, stored with each film.
    pub(crate) hash: String,
    pub(crate) now: DateTime<Utc>,
    pub(crate) labelled_at: String,
    pub(crate) fields_of_rules: BTreeSet<String>,
}

impl Plan {
    /// The plan of a run with `rules` that starts at `now`.
    #[must_use]
    pub fn new(rules: &LabelRules, now: DateTime<Utc>) -> Self {
        let mut labels: Vec<String> = rules.iter().map(|rule| rule.name.to_string()).collect();
        labels.sort_unstable();
        Self {
            rules: rules.clone(),
            labels,
            hash: rules.hash(),
            now,
            labelled_at: clock::text(now),
            fields_of_rules: unreadable::fields_of(rules),
        }
    }

    pub(crate) fn rules(&self) -> impl Iterator<Item = &LabelRule> {
        self.rules.iter()
    }

    /// The distinct date fields from which validity periods are computed.
    pub(crate) fn date_fields(&self) -> Vec<&str> {
        let mut fields: Vec<&str> = self.rules().flat_map(|rule| rule.validity.fields()).collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    }

    /// A query for films that reports which rules each film matches.
    pub(crate) fn query(&self, films: &Value) -> Value {
        let named: Vec<Value> = self.rules().filter_map(named_query).collect();
        json!({ "bool": { "filter": [films], "should": named } })
    }
}

/// The query of a rule, named after the rule; `None` for a rule without one.
pub(crate) fn named_query(rule: &LabelRule) -> Option<Value> {
    let query = rule.query.as_ref()?.json();
    Some(json!({ "bool": { "_name": rule.name.as_str(), "filter": [query] } }))
}
