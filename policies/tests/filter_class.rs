//! Requests of the same filter class have the same filter, and invented names make no new class.

#![expect(clippy::unwrap_used, reason = "a failure ends the test")]

use std::collections::HashMap;

use policies::{
    ActionPattern, At, Change, Effect, Facts, FilterClass, FilterKind, Resource, ResourcePattern,
    RoleName, Rule, Snapshot, csv,
};

const RULES: [(&str, &str, Effect); 9] = [
    ("film:f1", "read", Effect::Deny),
    ("film:special-*", "re*", Effect::Allow),
    ("label:adult", "*", Effect::Deny),
    ("fi*", "watch", Effect::Allow),
    ("book", "read", Effect::Deny),
    ("game:*", "play*", Effect::Deny),
    ("film:f2", "read?hd=true", Effect::Deny),
    ("a*", "read", Effect::Deny),
    ("*", "read", Effect::Allow),
];

fn rule(id: usize, (resource, action, effect): (&str, &str, Effect)) -> Change {
    let id = u32::try_from(id).unwrap() + 1;
    let resource = ResourcePattern::parse(resource).unwrap();
    let action = ActionPattern::parse(action).unwrap();
    Change::RuleSet(Rule::new(id, id, RoleName::anonymous(), resource, action, effect))
}

fn policy() -> Snapshot {
    let rules: Vec<Change> = RULES.into_iter().enumerate().map(|(id, it)| rule(id, it)).collect();
    Snapshot::empty([]).unwrap().next(1, &rules).unwrap()
}

fn class(policy: &Snapshot, action: &str, kind: &str) -> Option<FilterClass> {
    policy.filter_class(&policy.role_set([]), action, kind)
}

const ACTIONS: [&str; 14] = [
    "read",
    "reads",
    "re",
    "r",
    "",
    "watch",
    "watch!",
    "play",
    "playing",
    "invented",
    "read?hd=true",
    "read?hd=false",
    "read?hd=true&x=1",
    "watch?hd=true",
];
const KINDS: [&str; 12] =
    ["film", "films", "fi", "fig", "book", "books", "game", "a", "apple", "zoo", "no type", ""];

#[test]
fn filters_of_the_same_class_are_equal() {
    let policy = policy();
    let mut filters = HashMap::new();
    for (action, kind) in ACTIONS.iter().flat_map(|action| KINDS.map(|kind| (action, kind))) {
        let filter = policy.filter(&policy.role_set([]), action, kind, At::SearchTime).unwrap();
        match class(&policy, action, kind) {
            None => assert_eq!(filter.kind, FilterKind::None, "{action} {kind}"),
            Some(class) => {
                let first = filters.entry(class).or_insert_with(|| filter.clone());
                assert_eq!(*first, filter, "{action} {kind}");
            }
        }
    }
}

#[test]
fn invented_names_make_no_new_class() {
    let policy = policy();
    for name in ["x", "invented", &"y".repeat(60_000)] {
        assert_eq!(class(&policy, name, "film"), class(&policy, "zzz", "film"));
        assert_eq!(class(&policy, "read", name), class(&policy, "read", "zoo"));
        assert_eq!(class(&policy, &format!("re{name}"), "film"), class(&policy, "re", "film"));
    }
    assert_eq!(class(&policy, "read?invented=1", "film"), class(&policy, "read?x=2", "film"));
    assert_ne!(class(&policy, "read?hd=true", "film"), class(&policy, "read?x=2", "film"));
    assert_ne!(class(&policy, "read", "film"), class(&policy, "read", "zoo"));
}

#[test]
fn a_type_has_a_class_of_its_own_while_a_rule_names_its_resources() {
    let policy = policy();
    assert_ne!(class(&policy, "read", "game"), class(&policy, "read", "zoo"));
    let without = policy.next(2, &[Change::RuleRemoved { id: 6 }]).unwrap();
    assert_eq!(class(&without, "read", "game"), class(&without, "read", "zoo"));
}

#[test]
fn a_filter_that_is_derived_first_leaves_decisions_as_they_are() {
    for (name, prefix) in [("deny", "allow"), ("allow", "deny")] {
        let rules = format!(
            "p, 10, anonymous, film:ab, read, {name}\np, 20, anonymous, film:ab*, read, {prefix}\n"
        );
        let policy =
            Snapshot::empty([]).unwrap().next(1, &csv::read(&rules).unwrap().changes()).unwrap();
        let guest = policy.role_set([]);
        policy.filter(&guest, "read", "film", At::SearchTime).unwrap();
        let effect = |id| {
            let film = Resource::new("film", Some(id));
            let decision = policy.decide(&guest, "read", &film, &Facts::labels([])).unwrap();
            if decision.allowed { "allow" } else { "deny" }
        };
        assert_eq!((effect("ab"), effect("abc")), (name, prefix));
    }
}
