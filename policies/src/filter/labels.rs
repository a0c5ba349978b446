//! What the rules say about labels, and the documents that carry denied ones.

use serde_json::{Value, json};

use super::At;
use super::space::Space;
use crate::change::PolicyError;
use crate::names::UNLABELLED;
use crate::rule::Verdict;
use crate::snapshot::{Asker, Snapshot};

pub(super) struct Labels<'a> {
    space: Space<'a>,
    pub(super) unlabelled: Verdict,
    /// Labels that count only inside their window.
    windowed: Vec<(&'a str, Verdict)>,
    at: At,
}

impl<'a> Labels<'a> {
    pub(super) fn read(asker: &Asker, snapshot: &'a Snapshot, at: At) -> Result<Self, PolicyError> {
        let verdict = |label: &str| asker.verdict(&format!("label:{label}"));
        let names = snapshot.windowed.iter().map(crate::names::Label::as_str);
        let windowed = names.map(|label| verdict(label).map(|verdict| (label, verdict)));
        Ok(Self {
            space: Space::read(asker, &snapshot.policy.resources, "label:")?,
            unlabelled: verdict(UNLABELLED)?,
            windowed: windowed.collect::<Result<_, _>>()?,
            at,
        })
    }

    /// Every verdict that denies a label, earliest first.
    pub(super) fn denials(&self) -> Vec<Verdict> {
        let regions = self.space.regions.iter().map(|region| region.verdict);
        let windowed = self.windowed.iter().map(|(_, verdict)| *verdict);
        let all = regions.chain(windowed).chain([self.space.root, self.unlabelled]);
        let mut denials: Vec<Verdict> = all.filter(|verdict| !verdict.allows()).collect();
        denials.sort_unstable();
        denials.dedup();
        denials
    }

    /// Queries of which one matches exactly the documents with a label that counts and whose
    /// verdict is `denied`.
    pub(super) fn queries(&self, denied: impl Fn(Verdict) -> bool) -> Vec<Value> {
        let windowed: Vec<&str> = self.windowed.iter().map(|(label, _)| *label).collect();
        let mut queries = self.space.intervals(&windowed, &denied).queries("access.labels");
        let windowed = self.windowed.iter().filter(|(_, verdict)| denied(*verdict));
        queries.extend(windowed.map(|(label, _)| self.in_window(label)));
        queries
    }

    /// Not over and not to come, so that a missing end keeps the label.
    fn in_window(&self, label: &str) -> Value {
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
