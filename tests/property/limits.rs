//! Elasticsearch accepts the largest filters that a policy can produce.

use policies::{At, Change, Effect, MAX_LABELS, MAX_NAMES, MAX_PREFIXES, PolicyError, Snapshot};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::documents::Document;
use crate::index::Index;
use crate::policy::{guest, guest_rule, start};

/// Rules in the order of the list, with ascending priorities.
fn rules(list: impl IntoIterator<Item = (String, Effect)>) -> Vec<Change> {
    let numbered = (1..).zip(list);
    numbered.map(|(n, (resource, effect))| guest_rule(n, n, &resource, effect)).collect()
}

/// Allows names of a type, then denies the prefixes that they start with, then allows everything else.
fn exceptions(kind: &str, names: usize, prefixes: usize) -> Vec<Change> {
    let names = (0..names).map(|n| (format!("{kind}:p{:03}-{n}", n % prefixes), Effect::Allow));
    let denied = (0..prefixes).map(|n| (format!("{kind}:p{n:03}-*"), Effect::Deny));
    rules(names.chain(denied).chain([("*".to_owned(), Effect::Allow)]))
}

fn labelled(id: &str, labels: &[&str]) -> Document {
    let access = json!({ "labels": labels, "labelled_at": "2026-01-01T00:00:00Z" });
    Document { id: id.into(), has_id_field: true, access: Some(access.to_string()) }
}

/// The ids of those documents that a guest's search finds.
fn found(snapshot: &Snapshot, documents: &[Document]) -> Vec<String> {
    let runtime = Runtime::new().unwrap();
    let index = runtime.block_on(Index::create());
    runtime.block_on(index.load(documents));
    let query = snapshot.filter(&guest(snapshot), "read", "film", At::SearchTime).unwrap().query;
    let found = runtime.block_on(index.search(&[query]));
    runtime.block_on(index.delete());
    found.into_iter().flat_map(|ids| ids.unwrap()).collect()
}

#[test]
fn the_maximum_of_films_and_prefixes_fits_into_one_search() {
    let snapshot = start().next(2, &exceptions("film", MAX_NAMES, MAX_PREFIXES)).unwrap();
    let films = ["p001-1", "p001-2", "p999-64999", "p999-65999", "p001-", "other"];
    let expected = ["other", "p001-1", "p999-64999"];
    assert_eq!(found(&snapshot, &films.map(|id| labelled(id, &[]))), expected);
}

/// A deny that names a film applies to the document with that id, whatever its field says.
#[test]
fn a_rule_that_names_a_film_means_the_id_of_the_document() {
    let denied = [("film:secret".to_owned(), Effect::Deny), ("*".to_owned(), Effect::Allow)];
    let snapshot = start().next(2, &rules(denied)).unwrap();
    let runtime = Runtime::new().unwrap();
    let index = runtime.block_on(Index::create());
    runtime.block_on(index.put("secret", &json!({ "id": "other" })));
    runtime.block_on(index.put("other", &json!({ "id": "other" })));
    let query = snapshot.filter(&guest(&snapshot), "read", "film", At::SearchTime).unwrap().query;
    let found = runtime.block_on(index.search(&[query])).remove(0).unwrap();
    runtime.block_on(index.delete());
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["other"]);
}

#[test]
fn the_maximum_of_labels_and_prefixes_fits_into_one_search() {
    let (names, prefixes) = (MAX_LABELS - MAX_PREFIXES, MAX_PREFIXES);
    let snapshot = start().next(2, &exceptions("label", names, prefixes)).unwrap();
    let films = [
        labelled("exceptions", &["p001-1", "p002-2"]),
        labelled("one denied", &["p001-1", "p001-2"]),
        labelled("between", &["p999-999", "p999-9990"]),
        labelled("other", &["z", "p", "p999"]),
    ];
    assert_eq!(found(&snapshot, &films), ["exceptions", "other"]);
}

/// Each rule that names a film is between two rules on labels, so each overrides different labels.
#[test]
fn the_maximum_of_overrides_by_name_fits_into_one_search() {
    let pairs = (0..MAX_LABELS).flat_map(|n| {
        let allowed = (0..30).map(move |film| (format!("film:{n}-{film}"), Effect::Allow));
        allowed.chain([(format!("label:l{n}"), Effect::Deny)])
    });
    let snapshot = start().next(2, &rules(pairs.chain([("*".to_owned(), Effect::Allow)]))).unwrap();
    let films = [
        labelled("1000-0", &["l1000"]),
        labelled("1000-1", &["l1999", "l1000"]),
        labelled("1000-2", &["l999"]),
        labelled("1000-3", &["l999", "l1001"]),
        labelled("1999-0", &["l1999"]),
        labelled("1999-1", &["l1998"]),
        labelled("0-0", &["l0", "l1", "l1999"]),
        labelled("x", &["l1999"]),
    ];
    assert_eq!(found(&snapshot, &films), ["0-0", "1000-0", "1000-1", "1999-0"]);
}

#[test]
fn one_more_than_the_maximum_is_rejected() {
    let rejected = |kind, names, prefixes| start().next(2, &exceptions(kind, names, prefixes));
    let names = PolicyError::TooManyNames("film".into());
    assert_eq!(rejected("film", MAX_NAMES + 1, 1).unwrap_err(), names);
    let labels = PolicyError::TooManyLabels;
    assert_eq!(rejected("label", MAX_LABELS, 1).unwrap_err(), labels);
    let prefixes = PolicyError::TooManyPrefixes("film".into());
    assert_eq!(rejected("film", 1, MAX_PREFIXES + 1).unwrap_err(), prefixes);
}
