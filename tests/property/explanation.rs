//! An explanation tells what the decision is made of.

use chrono::DateTime;
use policies::{Facts, Resource, RuleOutcome, access_from_json};
use proptest::prop_assert_eq;
use proptest::test_runner::{Config, TestRunner};

use crate::documents::{BOUNDARY, documents};
use crate::policy::{case, start};

/// Number of policies.
const CASES: u32 = 100;

#[test]
fn an_explanation_is_that_of_the_decision() {
    let now = DateTime::from_timestamp(BOUNDARY, 0).unwrap();
    let config = Config { cases: CASES, ..Config::with_source_file(file!()) };
    let outcome = TestRunner::new(config).run(&case(), |case| {
        let changes = [case.first, case.second].concat();
        let snapshot = start().next(2, &changes).unwrap();
        for document in documents() {
            let access = document.access.as_deref().map(access_from_json).unwrap_or_default();
            let facts = Facts::access(&access, snapshot.time_bound_labels(), now);
            let film = Resource::new("film", Some(&document.id));
            let allowed_with = |roles: &[_]| {
                snapshot.decide(&snapshot.role_set(roles), "read", &film, &facts).unwrap()
            };
            let explained = snapshot.explain(&case.held, "read", &film, &facts).unwrap();
            prop_assert_eq!(&explained.decision, &allowed_with(&case.held));
            for verdict in &explained.verdicts {
                // The first rule of those that match is the verdict.
                let first = explained.rules.iter().find(|considered| {
                    matches!(considered.outcome, RuleOutcome::Decides | RuleOutcome::Outranked)
                        && considered.rule.resource.pattern().covers(&verdict.name)
                });
                let first = first.map(|considered| considered.rule.id);
                prop_assert_eq!(first, verdict.rule.as_ref().map(|rule| rule.id));
            }
            for role in &explained.allowed_for {
                let with = [case.held.clone(), vec![role.clone()]].concat();
                prop_assert_eq!(allowed_with(&with).allowed, true);
            }
        }
        Ok(())
    });
    outcome.unwrap();
}
