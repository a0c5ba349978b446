//! From a page of films to the changes it needs.

use serde_json::{Map, Value, json};

use crate::{
    access::{self, Existing, Wanted},
    hit::{Hit, Page},
    plan::Plan,
};

/// A film whose `access` has to change.
#[derive(Debug)]
pub struct Change {
    /// The film's id.
    pub id: String,
    /// Labels it carries after the change and did not before.
    pub added: Vec<String>,
    /// Labels it carries before the change and not after.
    pub removed: Vec<String>,
    /// Two lines for a bulk request.
    pub(crate) update: String,
}

/// What a page of films came to.
#[derive(Debug, Default)]
pub struct Labelled {
    /// Films on the page.
    pub seen: u64,
    /// Films per label, in the order of the plan's rules.
    pub matched: Vec<u64>,
    /// Films that have to be written.
    pub changes: Vec<Change>,
}

/// Compares every film of a page with what the rules say.
pub(crate) fn label(plan: &Plan, page: &Page<'_>) -> Labelled {
    let mut labelled = Labelled { matched: vec![0; plan.rules.len()], ..Labelled::default() };
    for film in &page.hits.hits {
        let wanted = access::wanted(plan, film);
        labelled.seen += 1;
        for (count, rule) in labelled.matched.iter_mut().zip(&plan.rules) {
            *count += u64::from(wanted.iter().any(|wanted| wanted.label == rule.name.as_str()));
        }
        if !access::is_current(plan, film, &wanted) {
            labelled.changes.push(change(plan, film, &wanted));
        }
    }
    labelled
}

fn change(plan: &Plan, film: &Hit<'_>, wanted: &[Wanted<'_>]) -> Change {
    let existing = Existing::of(film);
    let before = existing.labels();
    let added = wanted.iter().map(|wanted| wanted.label).filter(|label| !before.contains(label));
    let removed =
        before.iter().filter(|label| !wanted.iter().any(|wanted| wanted.label == **label));
    Change {
        id: film.id.to_string(),
        added: added.map(str::to_owned).collect(),
        removed: removed.map(ToString::to_string).collect(),
        update: format!(
            "{}\n{}\n",
            action(film),
            json!({ "doc": document(plan, film, wanted, &existing) })
        ),
    }
}

/// Refers to the very version that was read: a film that somebody changed meanwhile is left for the
/// next run.
fn action(film: &Hit<'_>) -> Value {
    let mut update = json!({
        "_index": film.index, "_id": film.id,
        "if_seq_no": film.seq_no, "if_primary_term": film.primary_term,
    });
    if let (Some(routing), Some(update)) = (&film.routing, update.as_object_mut()) {
        update.insert("routing".to_owned(), routing.0.as_ref().into());
    }
    json!({ "update": update })
}

/// A partial document. Elasticsearch merges its objects into the film's, so what has to go stands
/// in it as null.
fn document(plan: &Plan, film: &Hit<'_>, wanted: &[Wanted<'_>], existing: &Existing) -> Value {
    let labels: Vec<&str> = wanted.iter().map(|wanted| wanted.label).collect();
    let mut until = nulls(existing.keys("until"));
    for Wanted { label, until: end } in wanted {
        if let Some(end) = end {
            until.insert((*label).to_owned(), end.as_str().into());
        }
    }
    let mut access = nulls(existing.unknown_keys());
    access.extend([
        ("labels".to_owned(), json!(labels)),
        ("until".to_owned(), until.into()),
        ("from".to_owned(), nulls(existing.keys("from")).into()),
        ("rules".to_owned(), plan.hash.as_str().into()),
        ("labelled_at".to_owned(), plan.labelled_at.as_str().into()),
    ]);
    let mut document = nulls(access::dotted(film));
    document.insert("access".to_owned(), access.into());
    document.into()
}

fn nulls<'k>(keys: impl Iterator<Item = &'k str>) -> Map<String, Value> {
    keys.map(|key| (key.to_owned(), Value::Null)).collect()
}
