//! The filter admits exactly the documents that the check allows.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use policies::{At, Facts, Resource, RoleName, Snapshot};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::documents::{Document, EDGE, documents, refused};
use crate::index::Index;
use crate::policy::{Case, case, start};

/// Policies tried; each is asked twice, before and after a write, at four times.
const CASES: u32 = 500;

#[test]
fn the_filter_admits_exactly_what_the_check_allows() {
    let runtime = Runtime::new().unwrap();
    let index = runtime.block_on(Index::create());
    let documents = documents();
    let refused = runtime.block_on(index.load(&documents));
    let outcome = TestRunner::new(Config { cases: CASES, ..Config::with_source_file(file!()) })
        .run(&case(), |case| holds(&runtime, &index, &documents, &case));
    runtime.block_on(index.delete());
    assert!(refused.is_empty(), "these should be there: {refused:?}");
    outcome.unwrap();
}

/// So a search never has to read it as the check does.
#[test]
fn the_mapping_refuses_what_the_labeler_never_writes() {
    let runtime = Runtime::new().unwrap();
    let index = runtime.block_on(Index::create());
    let documents: Vec<Document> = (0..)
        .zip(refused())
        .map(|(n, access)| Document { id: format!("{n}"), access: Some(access) })
        .collect();
    let refused = runtime.block_on(index.load(&documents));
    runtime.block_on(index.delete());
    let there: Vec<&Value> = documents
        .iter()
        .filter(|document| !refused.contains(&document.id))
        .filter_map(|document| document.access.as_ref())
        .collect();
    assert!(there.is_empty(), "the mapping takes {there:?}");
}

fn holds(
    runtime: &Runtime,
    index: &Index,
    documents: &[Document],
    case: &Case,
) -> Result<(), TestCaseError> {
    let before = start().next(2, &case.first).unwrap();
    equal(runtime, index, documents, &before, &case.held)?;
    let after = before.next(3, &case.second).unwrap();
    equal(runtime, index, documents, &after, &case.held)
}

fn equal(
    runtime: &Runtime,
    index: &Index,
    documents: &[Document],
    snapshot: &Snapshot,
    held: &[RoleName],
) -> Result<(), TestCaseError> {
    let set = snapshot.role_set(held);
    let times = times();
    let queries: Vec<Value> = times
        .iter()
        .map(|(at, _)| snapshot.filter(&set, "read", "film", *at).unwrap().query)
        .collect();
    let admitted = runtime.block_on(index.search(&queries));
    for (((at, now), query), admitted) in times.into_iter().zip(queries).zip(admitted) {
        let mut wrong = BTreeMap::new();
        let admitted = admitted.map_err(TestCaseError::fail)?;
        for Document { id, access } in documents {
            let facts = access.as_ref().unwrap_or(&Value::Null);
            let facts = Facts::access(facts, snapshot.windowed(), now);
            let resource = Resource::new("film", Some(id));
            let decision = snapshot.decide(&set, "read", &resource, &facts).unwrap();
            if decision.allowed != admitted.contains(id) {
                wrong.insert(id, (access, decision));
            }
        }
        let all: BTreeSet<&String> = wrong.keys().copied().collect();
        if let Some((id, (access, decision))) = wrong.first_key_value() {
            return Err(TestCaseError::fail(format!(
                "{} of {} differ at {at:?}: {all:?}; {id:?} {access:?}: {decision:?}; {query}",
                wrong.len(),
                documents.len(),
            )));
        }
    }
    Ok(())
}

/// Just before, at and after the edge of windows, and at the time of the search, from which every
/// window is years away.
fn times() -> Vec<(At, DateTime<Utc>)> {
    let at = |second| DateTime::from_timestamp(second, 0).unwrap();
    let edges = [EDGE - 1, EDGE, EDGE + 1].map(|second| (At::Time(at(second)), at(second)));
    let search = (At::SearchTime, at(1_780_000_000));
    edges.into_iter().chain([search]).collect()
}
