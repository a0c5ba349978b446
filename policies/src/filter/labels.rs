//! The verdicts on labels, and queries for the documents with denied labels.

use serde_json::{Value, json};

use super::At;
use super::namespace::Namespace;
use crate::error::PolicyError;
use crate::facts::uncertain;
use crate::names::{LABEL, Label, UNLABELLED};
use crate::rule::Verdict;
use crate::snapshot::{Evaluator, Snapshot};

pub(super) struct LabelVerdicts<'a> {
    /// Whether documents with a label of uncertain text count as unlabelled.
    certain_only: bool,
    namespace: Namespace<'a>,
    pub(super) unlabelled: Verdict,
    /// The labels with a validity period.
    time_bound: Vec<(&'a str, Verdict)>,
    at: At,
}

impl<'a> LabelVerdicts<'a> {
    pub(super) fn read(
        evaluator: &Evaluator,
        snapshot: &'a Snapshot,
        at: At,
    ) -> Result<Self, PolicyError> {
        let verdict = |label: &str| evaluator.verdict(&format!("{LABEL}{label}"));
        let names = snapshot.time_bound.iter().map(Label::as_str);
        let time_bound = names.map(|label| verdict(label).map(|verdict| (label, verdict)));
        Ok(Self {
            certain_only: snapshot.tells_uncertain_labels(),
            namespace: Namespace::read(evaluator, &snapshot.policy.resources, LABEL)?,
            unlabelled: verdict(UNLABELLED)?,
            time_bound: time_bound.collect::<Result<_, _>>()?,
            at,
        })
    }

    /// Matches the documents that count as labelled.
    pub(super) fn is_labelled(&self) -> Value {
        let written = json!({ "exists": { "field": "access.labelled_at" } });
        if self.certain_only {
            let uncertain = uncertain("access.labels");
            return json!({ "bool": { "filter": [written], "must_not": uncertain } });
        }
        written
    }

    /// All verdicts that deny a label, in rule order.
    pub(super) fn denials(&self) -> Vec<Verdict> {
        let regions = self.namespace.regions.iter().map(|region| region.verdict);
        let time_bound = self.time_bound.iter().map(|(_, verdict)| *verdict);
        let all = regions.chain(time_bound).chain([self.namespace.root, self.unlabelled]);
        let mut denials: Vec<Verdict> = all.filter(|verdict| !verdict.allows()).collect();
        denials.sort_unstable();
        denials.dedup();
        denials
    }

    /// Queries that together match exactly the documents with an active label whose verdict is
    /// `denied`.
    pub(super) fn queries(&self, denied: impl Fn(Verdict) -> bool) -> Vec<Value> {
        let time_bound: Vec<&str> = self.time_bound.iter().map(|(label, _)| *label).collect();
        let mut queries = self.namespace.intervals(&time_bound, &denied).queries("access.labels");
        let time_bound = self.time_bound.iter().filter(|(_, verdict)| denied(*verdict));
        queries.extend(time_bound.map(|(label, _)| self.is_active(label)));
        queries
    }

    /// Neither ended nor still to begin, so that a label without an end stays active.
    fn is_active(&self, label: &str) -> Value {
        let now = self.at.text();
        json!({ "bool": {
            "filter": [{ "term": { "access.labels": label } }],
            "must_not": [
                { "range": { format!("access.until.{label}"): { "lte": now } } },
                { "range": { format!("access.from.{label}"): { "gt": now } } },
            ],
        } })
    }
}
