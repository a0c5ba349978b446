//! A comparison of two policies tells what the second one decides differently.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::DateTime;
use policies::{
    At, Comparison, Facts, Filter, Resource, RoleName, Snapshot, VerdictChanges, access_from_json,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::runtime::Runtime;

use crate::documents::{BOUNDARY, Document, documents};
use crate::index::Index;
use crate::policy::{Case, case, held, start};

/// Number of pairs of policies.
const CASES: u32 = 200;

/// Actions of every class that the policies have.
const ACTIONS: [&str; 6] = ["read", "re", "reading", "write", "x", "read?hd=true"];

/// Labels of every class that the policies have.
const LABELS: [&str; 16] = [
    "new",
    "n",
    "soon",
    "adult",
    "a",
    "x",
    "xy",
    "x-",
    "x-a",
    "x-ok",
    "x-okay",
    "x-999",
    "u",
    "unlabelled",
    "l",
    "5",
];

/// Two policies, and the roles that a caller holds with each.
struct Pair {
    before: Arc<Snapshot>,
    after: Arc<Snapshot>,
    held: Vec<RoleName>,
    holds: Vec<RoleName>,
}

impl Pair {
    fn of(case: Case, holds: Vec<RoleName>) -> Self {
        let before = Arc::new(start().next(2, &case.first).unwrap());
        let after = Arc::new(before.next(3, &case.second).unwrap());
        Self { before, after, held: case.held, holds }
    }

    /// Whether the action is allowed before and after.
    fn allows(&self, action: &str, resource: &Resource, facts: &Facts) -> [bool; 2] {
        let decide = |policy: &Snapshot, roles| {
            policy.decide(&policy.role_set(roles), action, resource, facts).unwrap().allowed
        };
        [decide(&self.before, &self.held), decide(&self.after, &self.holds)]
    }

    fn filters(&self, at: At) -> [Filter; 2] {
        let filter = |policy: &Snapshot, roles| {
            policy.filter(&policy.role_set(roles), "read", "film", at).unwrap()
        };
        [filter(&self.before, &self.held), filter(&self.after, &self.holds)]
    }
}

#[test]
fn a_comparison_tells_what_is_decided_differently_and_filters_find_those_films() {
    let runtime = Runtime::new().unwrap();
    let index = runtime.block_on(Index::create());
    let documents = documents();
    runtime.block_on(index.load(&documents));
    let config = Config { cases: CASES, ..Config::with_source_file(file!()) };
    let outcome = TestRunner::new(config).run(&(case(), held()), |(case, holds)| {
        let pair = Pair::of(case, holds);
        let comparison = Comparison::new(Arc::clone(&pair.before), Arc::clone(&pair.after));
        let changes = comparison.verdicts(&pair.held, &pair.holds).unwrap();
        prop_assert!(changes.complete);
        same_verdicts(&pair, &changes, &documents)?;
        same_films(&runtime, &index, &pair, &documents)
    });
    runtime.block_on(index.delete());
    outcome.unwrap();
}

/// Every name belongs to the narrowest pattern that covers it, and changes as that does.
fn same_verdicts(
    pair: &Pair,
    changes: &VerdictChanges,
    documents: &[Document],
) -> Result<(), TestCaseError> {
    let rules = || pair.before.rules().chain(pair.after.rules());
    let resources: BTreeSet<String> = rules().map(|rule| rule.resource.to_string()).collect();
    let actions: BTreeSet<String> = rules().map(|rule| rule.action.to_string()).collect();
    let films = documents.iter().map(|document| Resource::new("film", Some(&document.id)));
    let labels = LABELS.iter().map(|label| Resource::new("label", Some(label)));
    let names: Vec<Resource> = films.chain(labels).collect();
    let facts = Facts::labels([]);
    // Of actions with properties only those that rules name.
    for action in ACTIONS.iter().filter(|it| !it.contains('?') || actions.contains(**it)) {
        let of_action = narrowest(&actions, action);
        for resource in &names {
            let [was, is] = pair.allows(action, resource, &facts);
            let of_resource = narrowest(&resources, resource.as_str());
            let told = changes.verdicts.iter().find(|change| {
                Some(&change.resource) == of_resource && Some(&change.action) == of_action
            });
            prop_assert_eq!(
                told.map(|change| change.allowed),
                (was != is).then_some(is),
                "{} {}: {:?}",
                action,
                resource.as_str(),
                changes
            );
        }
    }
    Ok(())
}

/// The narrowest of these patterns that covers the name.
fn narrowest<'a>(patterns: &'a BTreeSet<String>, name: &str) -> Option<&'a String> {
    let covering = patterns.iter().filter(|pattern| policies::pattern::covers(pattern, name));
    covering.max_by_key(|pattern| (!pattern.ends_with('*'), pattern.len()))
}

/// The films that one filter matches and the other does not are those that are gained, and lost.
fn same_films(
    runtime: &Runtime,
    index: &Index,
    pair: &Pair,
    documents: &[Document],
) -> Result<(), TestCaseError> {
    let now = DateTime::from_timestamp(BOUNDARY, 0).unwrap();
    let filters = pair.filters(At::Time(now));
    let [before, after] = &filters;
    let found = runtime.block_on(index.search(&[after.without(before), before.without(after)]));
    let [gained, lost] = found.try_into().unwrap();
    let (mut expected_gains, mut expected_losses) = (BTreeSet::new(), BTreeSet::new());
    for Document { id, has_id_field, access } in documents {
        let access = access.as_deref().map(access_from_json).unwrap_or_default();
        let facts = Facts::access(&access, pair.before.time_bound_labels(), now);
        let allowed = pair.allows("read", &Resource::new("film", Some(id)), &facts);
        let shown =
            |policy: usize| allowed[policy] && (*has_id_field || filters[policy] == everything());
        match (shown(0), shown(1)) {
            (false, true) => expected_gains.insert(id.clone()),
            (true, false) => expected_losses.insert(id.clone()),
            _ => false,
        };
    }
    prop_assert_eq!(gained.map_err(TestCaseError::fail)?, expected_gains);
    prop_assert_eq!(lost.map_err(TestCaseError::fail)?, expected_losses);
    Ok(())
}

/// The only filter that matches films without the field `id`.
fn everything() -> Filter {
    let all = policies::csv::read("p, 1, anonymous, *, read, allow").unwrap().changes();
    let policy = Snapshot::empty([]).unwrap().next(1, &all).unwrap();
    policy.filter(&policy.role_set([]), "read", "film", At::SearchTime).unwrap()
}
