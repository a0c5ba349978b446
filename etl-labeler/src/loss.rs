//! The loss limit: a run that would take a label from unexpectedly many films stops before it writes anything.

use std::{collections::BTreeMap, fmt};

use policies::label_rules::LabelRules;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    LabelerError,
    elastic::{Elastic, ElasticError},
    plan::Plan,
    positions::Positions,
};

/// Key within `_meta` of the mapping.
pub(crate) const LAST_RUN: &str = "labels";

/// How many films a label may lose between two runs. More than `percent` of them and at least `films` is a loss.
#[derive(Debug, Clone, Copy)]
pub struct LossLimit {
    /// `ETL_LOSS_LIMIT`.
    pub percent: u8,
    /// `ETL_LOSS_MIN`.
    pub films: u64,
}

/// What a finished run leaves in the mapping: the number of films, and of those on which each label is active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastRun {
    pub(crate) films: u64,
    pub(crate) counts: BTreeMap<String, u64>,
    /// Start of the run.
    pub(crate) labelled_at: String,
    /// Up to which changes films are labelled.
    #[serde(default)]
    pub(crate) positions: Positions,
}

/// A label that would be on fewer films.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shrinking {
    label: String,
    before: u64,
    after: u64,
    has_rule: bool,
}

impl fmt::Display for Shrinking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { label, before, after, has_rule } = self;
        write!(f, "label `{label}` would be on {after} films instead of {before}")?;
        if *has_rule { Ok(()) } else { write!(f, " (it has no rule any more)") }
    }
}

impl LossLimit {
    /// Whether the loss of so many of these films is beyond the limit.
    pub(crate) fn is_exceeded(self, films: u64, lost: u64) -> bool {
        lost >= self.films && lost * 100 > films * u64::from(self.percent)
    }

    /// Compares with the counts of the last finished run.
    pub(crate) fn check(
        self,
        before: &LastRun,
        after: &LastRun,
        rules: &LabelRules,
    ) -> Result<(), LabelerError> {
        let shrunk = before.films.saturating_sub(after.films);
        let exempt = |label: &str| rules.get(label).is_some_and(|rule| rule.may_shrink);
        let mut losses = Vec::new();
        for (label, &before) in before.counts.iter().filter(|(label, _)| !exempt(label)) {
            let after = after.counts.get(label).copied().unwrap_or(0);
            let lost = before.saturating_sub(after).saturating_sub(shrunk);
            if self.is_exceeded(before, lost) {
                let has_rule = rules.get(label).is_some();
                losses.push(Shrinking { label: label.clone(), before, after, has_rule });
            }
        }
        if losses.is_empty() { Ok(()) } else { Err(LabelerError::Loss(losses)) }
    }
}

impl LastRun {
    /// Logs the labels that are on more films than after the last finished run.
    pub(crate) fn report_gains(&self, before: &Self) {
        for (label, &after) in &self.counts {
            let before = before.counts.get(label).copied().unwrap_or(0);
            if after > before {
                tracing::info!(label, before, after, "the label is on more films than before");
            }
        }
    }
}

impl Elastic {
    /// Counts the films on which each label is active at the time of the plan, in one search.
    pub(crate) async fn count_labels(&self, plan: &Plan) -> Result<LastRun, ElasticError> {
        #[derive(Deserialize)]
        struct Aggregations {
            labels: Buckets,
        }
        #[derive(Deserialize)]
        struct Buckets {
            buckets: BTreeMap<String, Bucket>,
        }
        #[derive(Deserialize)]
        struct Bucket {
            doc_count: u64,
        }
        let operation = "count the films of each label";
        let queries = plan.rules.active_queries(plan.now).into_iter();
        let filters: Map<String, Value> =
            queries.map(|(label, query)| (label.to_string(), query)).collect();
        // Elasticsearch refuses an aggregation without filters.
        let aggregations = if filters.is_empty() {
            json!({})
        } else {
            json!({ "labels": { "filters": { "filters": filters } } })
        };
        let found = self.aggregate::<Option<Aggregations>>(&aggregations, operation).await?;
        let buckets = found.aggregations.map(|found| found.labels.buckets).unwrap_or_default();
        let counts = buckets.into_iter().map(|(label, bucket)| (label, bucket.doc_count)).collect();
        let films = found.films;
        let (labelled_at, positions) = (plan.labelled_at.clone(), Positions::default());
        Ok(LastRun { films, counts, labelled_at, positions })
    }

    /// What the last finished run has left in the mapping; of several indices the latest.
    pub(crate) async fn last_run(&self) -> Result<Option<LastRun>, ElasticError> {
        let mappings = self.mappings().await?;
        let stored = mappings.values().filter_map(|mapping| {
            serde_json::from_value(mapping.get("_meta")?.get(LAST_RUN)?.clone()).ok()
        });
        Ok(stored.max_by(|a: &LastRun, b| a.labelled_at.cmp(&b.labelled_at)))
    }

    /// Leaves a run in the mapping of the indices that it read; behind the name there may be others by now.
    pub(crate) async fn store_last_run(&self, run: &LastRun) -> Result<(), ElasticError> {
        for index in run.positions.indices() {
            self.of_index(index).store_meta(LAST_RUN, &json!(run)).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(films: u64, adult: u64) -> LastRun {
        let counts = BTreeMap::from([("adult".to_owned(), adult)]);
        LastRun { films, counts, labelled_at: String::new(), positions: Positions::default() }
    }

    #[test]
    fn a_loss_is_more_than_the_share_and_at_least_the_minimum_beyond_what_the_index_shrank() {
        let limit = LossLimit { percent: 20, films: 10 };
        let rule = "[[label]]\nname='adult'\nquery={exists={field='x'}}\n";
        let rules = LabelRules::parse(rule).unwrap();
        let stops = |before, after| limit.check(&before, &after, &rules).is_err();
        assert!(!stops(counts(1000, 100), counts(1000, 80)));
        assert!(stops(counts(1000, 100), counts(1000, 79)));
        assert!(!stops(counts(1000, 12), counts(1000, 3)));
        assert!(stops(counts(1000, 12), counts(1000, 2)));
        assert!(!stops(counts(1000, 100), counts(920, 20)));
        assert!(stops(counts(1000, 100), counts(921, 0)));
        assert!(!stops(counts(1000, 100), counts(1000, 500)));
        let exempt = LabelRules::parse(&format!("{rule}may_shrink=true")).unwrap();
        assert!(limit.check(&counts(1000, 100), &counts(1000, 0), &exempt).is_ok());
    }

    #[test]
    fn a_label_without_a_rule_is_lost() {
        let limit = LossLimit { percent: 20, films: 10 };
        let rules = LabelRules::parse("").unwrap();
        let after = LastRun { counts: BTreeMap::new(), ..counts(1000, 0) };
        let error = limit.check(&counts(1000, 100), &after, &rules).unwrap_err().to_string();
        assert!(error.contains("label `adult` would be on 0 films instead of 100 (it has no rule"));
    }
}
