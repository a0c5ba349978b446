//! Computes the changes that a page of films needs.

use serde_json::{Map, Value, json};

use crate::{
    access::{self, CurrentAccess, ExpectedLabel},
    extract::{Hit, Page},
    plan::Plan,
    unreadable,
    writers::writer,
};

/// A film whose `access` has to change.
#[derive(Debug)]
pub struct FilmChange {
    /// Id of the film.
    pub id: String,
    /// Labels that the film gains.
    pub added: Vec<String>,
    /// Labels that the film loses.
    pub removed: Vec<String>,
    /// Its `access` until now, as far as it is readable.
    pub before: Value,
    /// The two lines of the bulk request.
    pub(crate) update: String,
}

impl FilmChange {
    /// Its `access` after the change.
    pub(crate) fn after(&self) -> Value {
        let document =
            self.update.lines().nth(1).and_then(|line| serde_json::from_str::<Value>(line).ok());
        document
            .and_then(|mut document| Some(document.get_mut("doc")?.get_mut("access")?.take()))
            .unwrap_or_default()
    }
}

/// The result of labeling a page of films.
#[derive(Debug, Default)]
pub struct LabelledPage {
    /// Number of films on the page.
    pub seen: u64,
    /// Number of films per label, in the order of the plan's labels.
    pub matched: Vec<u64>,
    /// Ids of the documents whose field `id` is missing or differs. They stay unlabelled.
    pub id_mismatches: Vec<String>,
    /// Ids of the films with an unreadable value that a rule needs. They stay unlabelled.
    pub unreadable: Vec<String>,
    /// The films to write.
    pub changes: Vec<FilmChange>,
}

/// Compares every film of a page with the rules.
pub(crate) fn label(plan: &Plan, page: &Page<'_>) -> LabelledPage {
    let mut labelled =
        LabelledPage { matched: vec![0; plan.labels.len()], ..LabelledPage::default() };
    for film in &page.hits.hits {
        labelled.seen += 1;
        if !film.has_own_id() {
            labelled.id_mismatches.push(film.id.to_string());
            labelled.changes.extend(unlabel(film));
            continue;
        }
        let expected = access::expected_labels(plan, film);
        if unreadable::prevents_labels(plan, film, &expected) {
            labelled.unreadable.push(film.id.to_string());
            labelled.changes.extend(unlabel(film));
            continue;
        }
        for (count, label) in labelled.matched.iter_mut().zip(&plan.labels) {
            *count += u64::from(expected.iter().any(|expected| expected.label == label));
        }
        if !access::is_up_to_date(plan, film, &expected) {
            labelled.changes.push(change(plan, film, &expected));
        }
    }
    labelled
}

/// Removes `access`, if there is any.
fn unlabel(film: &Hit<'_>) -> Option<FilmChange> {
    if access::is_absent(film) {
        return None;
    }
    let mut document = nulls(access::dotted_keys(film));
    document.insert("access".to_owned(), Value::Null);
    let current = CurrentAccess::of(film);
    let labels = current.labels().into_iter().map(ToOwned::to_owned).collect();
    Some(FilmChange {
        id: film.id.to_string(),
        added: Vec::new(),
        removed: labels,
        before: current.0,
        update: update(film, &document.into()),
    })
}

fn change(plan: &Plan, film: &Hit<'_>, expected: &[ExpectedLabel<'_>]) -> FilmChange {
    let current = CurrentAccess::of(film);
    let before = current.labels();
    let after: Vec<&str> = expected.iter().map(|expected| expected.label).collect();
    let added = after.iter().filter(|label| !before.contains(label));
    let removed = before.iter().filter(|label| !after.contains(label));
    FilmChange {
        id: film.id.to_string(),
        added: added.map(ToString::to_string).collect(),
        removed: removed.map(ToString::to_string).collect(),
        update: update(film, &document(plan, film, expected, &current)),
        before: current.0,
    }
}

fn update(film: &Hit<'_>, document: &Value) -> String {
    format!("{}\n{}\n", action(film), json!({ "doc": document }))
}

/// The update applies only to the version that was read: a film that was changed in the meantime is left
/// for the next run.
fn action(film: &Hit<'_>) -> Value {
    let mut update = json!({
        "_index": writer(&film.index), "require_alias": true, "_id": film.id,
        "if_seq_no": film.seq_no, "if_primary_term": film.primary_term,
    });
    if let (Some(routing), Some(update)) = (&film.routing, update.as_object_mut()) {
        update.insert("routing".to_owned(), routing.0.as_ref().into());
    }
    json!({ "update": update })
}

/// A partial document. Elasticsearch merges its objects into the film's, so keys to be removed are set to
/// null.
fn document(
    plan: &Plan,
    film: &Hit<'_>,
    expected: &[ExpectedLabel<'_>],
    current: &CurrentAccess,
) -> Value {
    let labels: Vec<&str> = expected.iter().map(|expected| expected.label).collect();
    let (mut from, mut until) = (nulls(current.keys("from")), nulls(current.keys("until")));
    for ExpectedLabel { label, from: start, until: end } in expected {
        from.extend(start.iter().map(|start| ((*label).to_owned(), start.as_str().into())));
        until.extend(end.iter().map(|end| ((*label).to_owned(), end.as_str().into())));
    }
    let mut access = nulls(current.unknown_keys());
    access.extend([
        ("labels".to_owned(), json!(labels)),
        ("until".to_owned(), until.into()),
        ("from".to_owned(), from.into()),
        ("rules".to_owned(), plan.hash.as_str().into()),
        ("labelled_at".to_owned(), plan.labelled_at.as_str().into()),
    ]);
    let mut document = nulls(access::dotted_keys(film));
    document.insert("access".to_owned(), access.into());
    document.into()
}

fn nulls<'k>(keys: impl Iterator<Item = &'k str>) -> Map<String, Value> {
    keys.map(|key| (key.to_owned(), Value::Null)).collect()
}
