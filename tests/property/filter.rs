//! The filter matches exactly the documents that the check allows.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use policies::{At, Facts, Resource, Snapshot, access_from_json};
use proptest::prop_assert_eq;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::documents::{BOUNDARY, Document, documents, rejected};
use crate::index::Index;
use crate::policy::{Case, case, start};

/// Number of policies. Each is evaluated before and after a write, at four times.
const CASES: u32 = 500;

#[test]
fn the_filter_matches_exactly_the_documents_that_the_check_allows() {
    let runtime = Runtime::new().unwrap();
    let index = runtime.block_on(Index::create());
    let documents = documents();
    let rejected = runtime.block_on(index.load(&documents));
    let films = films(documents, &runtime.block_on(index.stored()));
    let outcome = TestRunner::new(Config { cases: CASES, ..Config::with_source_file(file!()) })
        .run(&case(), |case| agrees(&runtime, &index, &films, &case));
    runtime.block_on(index.delete());
    assert!(rejected.is_empty(), "the mapping rejects {rejected:?}");
    outcome.unwrap();
}

/// A search therefore never has to read it as the check does.
#[test]
fn the_mapping_rejects_access_that_the_labeler_never_writes() {
    let runtime = Runtime::new().unwrap();
    let index = runtime.block_on(Index::create());
    let documents: Vec<Document> = (0..)
        .zip(rejected())
        .map(|(n, access)| Document {
            id: format!("{n}"),
            has_id_field: true,
            access: Some(access.to_string()),
        })
        .collect();
    let rejected = runtime.block_on(index.load(&documents));
    runtime.block_on(index.delete());
    let accepted: Vec<&String> = documents
        .iter()
        .filter(|document| !rejected.contains(&document.id))
        .filter_map(|document| document.access.as_ref())
        .collect();
    assert!(accepted.is_empty(), "the mapping accepts {accepted:?}");
}

/// A document, with `access` as it was written and as Elasticsearch returns it.
struct Film {
    document: Document,
    readings: [Value; 2],
}

fn films(documents: Vec<Document>, stored: &BTreeMap<String, Value>) -> Vec<Film> {
    let film = |document: Document| {
        let written = document.access.as_deref().map(access_from_json).unwrap_or_default();
        let readings = [written, stored[&document.id].clone()];
        Film { document, readings }
    };
    documents.into_iter().map(film).collect()
}

fn agrees(
    runtime: &Runtime,
    index: &Index,
    films: &[Film],
    case: &Case,
) -> Result<(), TestCaseError> {
    let (before, cold) =
        (start().next(2, &case.first).unwrap(), start().next(2, &case.first).unwrap());
    compare(runtime, index, films, &before, &cold, case)?;
    let (after, cold) =
        (before.next(3, &case.second).unwrap(), cold.next(3, &case.second).unwrap());
    compare(runtime, index, films, &after, &cold, case)
}

fn compare(
    runtime: &Runtime,
    index: &Index,
    films: &[Film],
    snapshot: &Snapshot,
    // The same policy, from which no filter was derived: a filter must not leave wrong verdicts behind.
    cold: &Snapshot,
    case: &Case,
) -> Result<(), TestCaseError> {
    let (set, action) = (snapshot.role_set(&case.held), case.action);
    let times = times();
    let queries: Vec<Value> = times
        .iter()
        .map(|(at, _)| snapshot.filter(&set, action, "film", *at).unwrap().query)
        .collect();
    let found = runtime.block_on(index.search(&queries));
    for (((at, now), query), found) in times.into_iter().zip(queries).zip(found) {
        let mut differing = BTreeMap::new();
        let found = found.map_err(TestCaseError::fail)?;
        let finds_all = query == json!({ "match_all": {} });
        for Film { document: Document { id, has_id_field, access }, readings } in films {
            for reading in readings {
                let facts = Facts::access(reading, snapshot.time_bound_labels(), now);
                let resource = Resource::new("film", Some(id));
                let decision = snapshot.decide(&set, action, &resource, &facts).unwrap();
                let alone = cold.decide(&cold.role_set(&case.held), action, &resource, &facts);
                prop_assert_eq!(&decision, &alone.unwrap(), "{}", id);
                let expected = decision.allowed && (*has_id_field || finds_all);
                if expected != found.contains(id) {
                    differing.insert(id, (access, reading, decision));
                }
            }
        }
        let all: BTreeSet<&String> = differing.keys().copied().collect();
        if let Some((id, (access, reading, decision))) = differing.first_key_value() {
            return Err(TestCaseError::fail(format!(
                "{} of {} differ at {at:?}: {all:?}; {id:?} {access:?} ({reading}): {decision:?}; {query}",
                differing.len(),
                films.len(),
            )));
        }
    }
    Ok(())
}

/// Just before, at and after the boundary of the validity periods, and the time of the search, which is
/// years away from all of them.
fn times() -> Vec<(At, DateTime<Utc>)> {
    let at = |second| DateTime::from_timestamp(second, 0).unwrap();
    let around =
        [BOUNDARY - 1, BOUNDARY, BOUNDARY + 1].map(|second| (At::Time(at(second)), at(second)));
    let search = (At::SearchTime, at(1_780_000_000));
    around.into_iter().chain([search]).collect()
}
