//! The names of one namespace (`film:`, `label:`) with their verdicts.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::any;
use crate::change::PolicyError;
use crate::classes::{Classes, Named};
use crate::intervals::Intervals;
use crate::rule::Verdict;
use crate::snapshot::Asker;

/// A region of names with its verdict; its text is without the namespace.
pub(super) struct Region<'a> {
    pub(super) named: Named<'a>,
    pub(super) verdict: Verdict,
}

pub(super) struct Space<'a> {
    /// Verdict of a name that nothing in the namespace names.
    pub(super) root: Verdict,
    pub(super) regions: Vec<Region<'a>>,
}

impl<'a> Space<'a> {
    pub(super) fn read(
        asker: &Asker,
        classes: &'a Classes,
        namespace: &str,
    ) -> Result<Self, PolicyError> {
        let mut space = Self { root: asker.verdict(namespace)?, regions: Vec::new() };
        for named in classes.iter() {
            let Some(text) = named.text.strip_prefix(namespace) else { continue };
            let verdict = asker.class_verdict(named.id, named.text)?;
            space.regions.push(Region { named: Named { text, ..named }, verdict });
        }
        Ok(space)
    }

    /// True when no name is allowed.
    pub(super) fn is_closed(&self) -> bool {
        !self.root.allows() && self.regions.iter().all(|region| !region.verdict.allows())
    }

    /// The literal names.
    pub(super) fn literals(&self) -> impl Iterator<Item = (&'a str, Verdict)> {
        let literals = self.regions.iter().filter(|region| !region.named.is_prefix);
        literals.map(|region| (region.named.text, region.verdict))
    }

    /// Names whose verdict is as wanted, less those of `cut`.
    pub(super) fn intervals(&self, cut: &[&'a str], wanted: impl Fn(Verdict) -> bool) -> Intervals {
        let verdicts: HashMap<u32, Verdict> =
            self.regions.iter().map(|r| (r.named.id, r.verdict)).collect();
        let kept = |named: &Named| named.is_prefix || !cut.contains(&named.text);
        let kept = self.regions.iter().map(|r| r.named).filter(kept);
        // Classes are numbered from 0, and never come near the last number.
        let holes = cut.iter().map(|&text| Named { text, is_prefix: false, id: u32::MAX });
        Intervals::of(wanted(self.root), kept.chain(holes), |named| {
            verdicts.get(&named.id).is_some_and(|&verdict| wanted(verdict))
        })
    }

    /// Queries of which one matches exactly the documents whose `field`, which has one value, has a
    /// verdict as wanted. With one value an exception can be taken off by name, so that the number
    /// of clauses hangs on the prefixes alone.
    pub(super) fn queries(&self, field: &str, wanted: impl Fn(Verdict) -> bool) -> Vec<Value> {
        let prefixes = self.regions.iter().filter(|region| region.named.is_prefix);
        let prefixes = prefixes.map(|r| Region { ..*r }).collect();
        let around = Space { root: self.root, regions: prefixes }.intervals(&[], &wanted);
        let (mut names, mut exceptions) = (Vec::new(), Vec::new());
        for (name, verdict) in self.literals() {
            match (wanted(verdict), around.contains(name)) {
                (true, false) => names.push(name),
                (false, true) => exceptions.push(name),
                _ => {}
            }
        }
        let mut queries = around.queries(field);
        if !exceptions.is_empty() {
            let exceptions = json!({ "terms": { field: exceptions } });
            let filter = any(&queries);
            queries = vec![json!({ "bool": { "filter": [filter], "must_not": [exceptions] } })];
        }
        if !names.is_empty() {
            queries.push(json!({ "terms": { field: names } }));
        }
        queries
    }
}
