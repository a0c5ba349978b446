//! The warnings about a write are those about the whole policy that it brings in.

use std::collections::HashSet;

use policies::{Change, Label, Snapshot, Warning};
use proptest::prelude::*;

use crate::strategies::{change, rule, start};

/// The warnings that concern the rules that the changes wrote, or that the policy had not before.
fn brought_in(before: &Snapshot, after: &Snapshot, changes: &[Change]) -> HashSet<Warning> {
    let known: HashSet<Warning> = before.lint(&labels()).into_iter().collect();
    let written = changes.iter().filter_map(|change| match change {
        Change::RuleSet(rule) => after.rule(rule.id).map(|rule| rule.id),
        _ => None,
    });
    let written: HashSet<u32> = written.collect();
    let is_written = |id: Option<u32>| id.is_some_and(|id| written.contains(&id));
    let mut all: HashSet<Warning> = after.lint(&labels()).into_iter().collect();
    all.retain(|warning| match warning.rule() {
        Some(_) => is_written(warning.rule()) || is_written(warning.cause()),
        None => !known.contains(warning),
    });
    all
}

fn labels() -> Vec<Label> {
    ["a", "abc", "b"].map(|label| Label::parse(label).unwrap()).into()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_write_has_the_warnings_that_it_brings_in(
        rules in prop::collection::vec(rule(), 0..12),
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let written = |base: &Snapshot, changes: &[Change]| base.next(2, changes).ok();
        let is_valid = |rule: &Change| written(&start(), std::slice::from_ref(rule)).is_some();
        let rules: Vec<Change> = rules.into_iter().filter(is_valid).collect();
        let before = written(&start(), &rules).unwrap();
        let Some(after) = written(&before, &changes) else { return Ok(()) };
        let warnings = after.lint_write(&before, &changes, &labels());
        let unique: HashSet<Warning> = warnings.iter().cloned().collect();
        prop_assert_eq!(unique, brought_in(&before, &after, &changes));
    }
}
