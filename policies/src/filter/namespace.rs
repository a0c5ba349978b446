//! The verdicts on the names of one namespace (`film:`, `label:`).

use std::collections::HashMap;

use serde_json::{Value, json};

use super::intervals::Intervals;
use super::{ID, any, named};
use crate::classes::{Classes, PatternClass};
use crate::error::PolicyError;
use crate::rule::Verdict;
use crate::snapshot::Evaluator;

/// A class of names with its verdict; its text excludes the namespace.
#[derive(Clone, Copy)]
pub(super) struct Region<'a> {
    pub(super) class: PatternClass<'a>,
    pub(super) verdict: Verdict,
}

pub(super) struct Namespace<'a> {
    /// The verdict on a name that no pattern within the namespace covers.
    pub(super) root: Verdict,
    pub(super) regions: Vec<Region<'a>>,
}

impl<'a> Namespace<'a> {
    pub(super) fn read(
        evaluator: &Evaluator,
        classes: &'a Classes,
        prefix: &str,
    ) -> Result<Self, PolicyError> {
        let mut namespace = Self { root: evaluator.verdict(prefix)?, regions: Vec::new() };
        for class in classes.iter() {
            let Some(text) = class.text.strip_prefix(prefix) else { continue };
            let verdict = evaluator.class_verdict(class.id, &classes.member(class))?;
            namespace.regions.push(Region { class: PatternClass { text, ..class }, verdict });
        }
        Ok(namespace)
    }

    /// Whether no name is allowed.
    pub(super) fn is_closed(&self) -> bool {
        !self.root.allows() && self.regions.iter().all(|region| !region.verdict.allows())
    }

    /// The literal names with their verdicts.
    pub(super) fn literals(&self) -> impl Iterator<Item = (&'a str, Verdict)> {
        let literals = self.regions.iter().filter(|region| !region.class.is_prefix);
        literals.map(|region| (region.class.text, region.verdict))
    }

    /// The names whose verdict is `wanted`, without those in `excluded`.
    pub(super) fn intervals(
        &self,
        excluded: &[&'a str],
        wanted: impl Fn(Verdict) -> bool,
    ) -> Intervals {
        let verdicts: HashMap<u32, Verdict> =
            self.regions.iter().map(|r| (r.class.id, r.verdict)).collect();
        let included = |class: &PatternClass| class.is_prefix || !excluded.contains(&class.text);
        let included = self.regions.iter().map(|region| region.class).filter(included);
        // Class ids start at 0 and never reach the maximum.
        let hole = |text| PatternClass { text, is_prefix: false, id: u32::MAX };
        let holes = excluded.iter().copied().map(hole);
        Intervals::of(wanted(self.root), included.chain(holes), |class| {
            verdicts.get(&class.id).is_some_and(|&verdict| wanted(verdict))
        })
    }

    /// Queries that together match exactly the documents whose id has a `wanted` verdict: ranges for
    /// prefixes, and literal names by the document's own id, which has a single value. Exceptions can
    /// therefore be excluded by name, so the number of clauses depends on the prefixes only.
    pub(super) fn id_queries(&self, wanted: impl Fn(Verdict) -> bool) -> Vec<Value> {
        let prefixes = self.regions.iter().filter(|region| region.class.is_prefix);
        let prefixes = Self { root: self.root, regions: prefixes.copied().collect() };
        let around = prefixes.intervals(&[], &wanted);
        let (mut names, mut exceptions) = (Vec::new(), Vec::new());
        for (name, verdict) in self.literals() {
            match (wanted(verdict), around.contains(name)) {
                (true, false) => names.push(name),
                (false, true) => exceptions.push(name),
                _ => {}
            }
        }
        let mut queries = around.queries(ID);
        if !exceptions.is_empty() {
            let filter = any(&queries);
            let exceptions = named(&exceptions);
            queries = vec![json!({ "bool": { "filter": [filter], "must_not": [exceptions] } })];
        }
        if !names.is_empty() {
            queries.push(named(&names));
        }
        queries
    }
}
