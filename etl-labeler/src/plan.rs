//! Label rules made ready for one run: sorted, with the instant against which windows are judged.

use chrono::{DateTime, Utc};
use policies::label_rules::{LabelRule, LabelRules};
use serde_json::{Value, json};

use crate::clock;

/// What one run labels by.
#[derive(Debug)]
pub struct Plan {
    /// In the order in which labels stand in a film, which is that of their names.
    pub(crate) rules: Vec<LabelRule>,
    /// The rules' hash, kept with each film.
    pub(crate) hash: String,
    pub(crate) now: DateTime<Utc>,
    pub(crate) labelled_at: String,
}

impl Plan {
    /// A run by `rules` that begins at `now`.
    #[must_use]
    pub fn new(rules: &LabelRules, now: DateTime<Utc>) -> Self {
        let mut sorted: Vec<LabelRule> = rules.iter().cloned().collect();
        sorted.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Self { rules: sorted, hash: rules.hash(), now, labelled_at: clock::text(now) }
    }

    /// The date fields that windows are computed from, each once.
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

    /// Every film, each with the names of the rules whose queries it matches.
    pub(crate) fn query(&self) -> Value {
        let named: Vec<Value> = self.rules.iter().filter_map(named_query).collect();
        json!({ "bool": { "filter": [{ "match_all": {} }], "should": named } })
    }
}

/// A rule's query under the rule's name; none for a rule that every film matches.
pub(crate) fn named_query(rule: &LabelRule) -> Option<Value> {
    let query = rule.query.as_ref()?;
    Some(json!({ "bool": { "_name": rule.name.as_str(), "filter": [query] } }))
}
