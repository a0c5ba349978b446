//! Which denied labels count for which films: an allow that names a film overrides the denials
//! after it. Rules that name films cut the denials, in rule order, into levels.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::any;
use super::labels::Labels;
use super::space::Space;
use crate::change::PolicyError;
use crate::rule::Verdict;
use crate::snapshot::Asker;

/// A run of denials that the same films are opened before.
struct Level<'a> {
    /// Films opened between the level before and this one.
    opened: Vec<&'a str>,
    /// The first denial of the level, and the first of the next.
    from: Verdict,
    to: Option<Verdict>,
}

pub(super) struct Levels<'a>(Vec<Level<'a>>);

impl Level<'_> {
    fn denies(&self, verdict: Verdict) -> bool {
        !verdict.allows() && self.from <= verdict && self.to.is_none_or(|to| verdict < to)
    }
}

impl<'a> Levels<'a> {
    pub(super) fn read(
        asker: &Asker,
        ids: &Space<'a>,
        kind: &str,
        labels: &Labels,
    ) -> Result<Self, PolicyError> {
        let denials = labels.denials();
        let Some(&first) = denials.first() else { return Ok(Self(Vec::new())) };
        let mut opened: BTreeMap<Verdict, Vec<&str>> = BTreeMap::from([(first, Vec::new())]);
        for (name, own) in ids.literals().filter(|(_, verdict)| verdict.allows()) {
            let by_name = asker.by_name(&format!("{kind}:{name}"), own)?;
            let next = denials.get(denials.partition_point(|denial| *denial < by_name));
            if let (true, Some(&next)) = (by_name.allows(), next) {
                opened.entry(next).or_default().push(name);
            }
        }
        let ends: Vec<Verdict> = opened.keys().skip(1).copied().collect();
        let ends = ends.into_iter().map(Some).chain([None]);
        let levels = opened.into_iter().zip(ends);
        Ok(Self(levels.map(|((from, opened), to)| Level { opened, from, to }).collect()))
    }

    /// Documents without a denied label that counts for them; none: all of them.
    pub(super) fn admitted(&self, labels: &Labels) -> Option<Value> {
        let is_labelled = json!({ "exists": { "field": "access.labelled_at" } });
        let denied = except(denied(&self.0, labels), &opened(self.0.iter().take(1)));
        if labels.unlabelled.allows() {
            let other = json!({ "bool": { "must_not": [is_labelled] } });
            let fine = json!({ "bool": { "must_not": denied } });
            return (!denied.is_empty()).then(|| any(&[other, fine]));
        }
        let fine = json!({ "bool": { "filter": [is_labelled], "must_not": denied } });
        let before = self.0.iter().take_while(|level| level.from <= labels.unlabelled);
        let opened = opened(before);
        if opened.is_empty() {
            return Some(fine);
        }
        // A document that is not labelled has the one label `unlabelled`, whatever else is in it.
        let films = json!({ "terms": { "id": opened } });
        let other = json!({ "bool": { "filter": [films], "must_not": [is_labelled] } });
        Some(any(&[fine, other]))
    }
}

fn opened<'a, 'l: 'a>(levels: impl Iterator<Item = &'a Level<'l>>) -> Vec<&'l str> {
    levels.flat_map(|level| level.opened.iter().copied()).collect()
}

/// Queries of which one matches exactly the documents that a level denies and that no level after
/// the first, up to that one, opens. Halved again and again, so that bools stay ten deep at a
/// thousand levels, and a film stands in at most as many of them.
fn denied(levels: &[Level], labels: &Labels) -> Vec<Value> {
    match levels {
        [] => return Vec::new(),
        [level] => return labels.queries(|verdict| level.denies(verdict)),
        _ => {}
    }
    let (early, late) = levels.split_at(levels.len() / 2);
    let mut queries = denied(early, labels);
    let films = opened(early.iter().skip(1).chain(late.iter().take(1)));
    queries.extend(except(denied(late, labels), &films));
    queries
}

/// One of the queries, but not for these films.
fn except(queries: Vec<Value>, but: &[&str]) -> Vec<Value> {
    if but.is_empty() || queries.is_empty() {
        return queries;
    }
    let films = json!({ "terms": { "id": but } });
    vec![json!({ "bool": { "filter": [any(&queries)], "must_not": [films] } })]
}
