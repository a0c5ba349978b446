//! Allow rules that name a film override the label denials that come after them. In rule order, these
//! rules divide the denials into levels.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::labels::LabelVerdicts;
use super::namespace::Namespace;
use super::{any, named};
use crate::error::PolicyError;
use crate::rule::Verdict;
use crate::snapshot::Evaluator;

/// Consecutive denials that are overridden for the same films.
struct Level<'a> {
    /// Ids of films that are allowed by name between the previous level and this one: exempt from this
    /// level and all later ones.
    exempt: Vec<&'a str>,
    /// The first denial of the level.
    from: Verdict,
    /// The first denial of the next level, if any.
    to: Option<Verdict>,
}

pub(super) struct Overrides<'a>(Vec<Level<'a>>);

impl Level<'_> {
    fn denies(&self, verdict: Verdict) -> bool {
        !verdict.allows() && self.from <= verdict && self.to.is_none_or(|to| verdict < to)
    }
}

impl<'a> Overrides<'a> {
    pub(super) fn read(
        evaluator: &Evaluator,
        ids: &Namespace<'a>,
        kind: &str,
        labels: &LabelVerdicts,
    ) -> Result<Self, PolicyError> {
        let denials = labels.denials();
        let Some(&first) = denials.first() else { return Ok(Self(Vec::new())) };
        let mut exempt: BTreeMap<Verdict, Vec<&str>> = BTreeMap::from([(first, Vec::new())]);
        for (name, own) in ids.literals().filter(|(_, verdict)| verdict.allows()) {
            let by_name = evaluator.verdict_by_name(&format!("{kind}:{name}"), own)?;
            let next = denials.get(denials.partition_point(|denial| *denial < by_name));
            if let (true, Some(&next)) = (by_name.allows(), next) {
                exempt.entry(next).or_default().push(name);
            }
        }
        let ends: Vec<Verdict> = exempt.keys().skip(1).copied().collect();
        let ends = ends.into_iter().map(Some).chain([None]);
        let levels = exempt.into_iter().zip(ends);
        Ok(Self(levels.map(|((from, exempt), to)| Level { exempt, from, to }).collect()))
    }

    /// The query for documents whose labels are all allowed or overridden; `None` if that is all of
    /// them.
    pub(super) fn allowed(&self, labels: &LabelVerdicts) -> Option<Value> {
        let is_labelled = labels.is_labelled();
        let denied = except(denied(&self.0, labels), &exempt(self.0.iter().take(1)));
        if labels.unlabelled.allows() {
            let unlabelled = json!({ "bool": { "must_not": [is_labelled] } });
            let allowed = json!({ "bool": { "must_not": denied } });
            return (!denied.is_empty()).then(|| any(&[unlabelled, allowed]));
        }
        let allowed = json!({ "bool": { "filter": [is_labelled], "must_not": denied } });
        let before = self.0.iter().take_while(|level| level.from <= labels.unlabelled);
        let exempt = exempt(before);
        if exempt.is_empty() {
            return Some(allowed);
        }
        // An unlabelled document has the single label `unlabelled`, whatever else it contains.
        let unlabelled =
            json!({ "bool": { "filter": [named(&exempt)], "must_not": [is_labelled] } });
        Some(any(&[allowed, unlabelled]))
    }
}

fn exempt<'a, 'l: 'a>(levels: impl Iterator<Item = &'a Level<'l>>) -> Vec<&'l str> {
    levels.flat_map(|level| level.exempt.iter().copied()).collect()
}

/// Queries that together match exactly the documents that a level denies and that are not exempt by
/// that level or an earlier one, except for the first, whose films the caller exempts. The levels are
/// halved recursively, so a thousand of them nest ten `bool` queries deep, and a film occurs in at most
/// as many.
fn denied(levels: &[Level], labels: &LabelVerdicts) -> Vec<Value> {
    match levels {
        [] => return Vec::new(),
        [level] => return labels.queries(|verdict| level.denies(verdict)),
        _ => {}
    }
    let (early, late) = levels.split_at(levels.len() / 2);
    let mut queries = denied(early, labels);
    let films = exempt(early.iter().skip(1).chain(late.iter().take(1)));
    queries.extend(except(denied(late, labels), &films));
    queries
}

/// Excludes films from the queries.
fn except(queries: Vec<Value>, ids: &[&str]) -> Vec<Value> {
    if ids.is_empty() || queries.is_empty() {
        return queries;
    }
    vec![json!({ "bool": { "filter": [any(&queries)], "must_not": [named(ids)] } })]
}
