//! Strategies for writes of every kind, with difficult names.

use policies::{
    ActionPattern, Change, Effect, Facts, Resource, ResourcePattern, RoleName, Rule, Snapshot,
};
use proptest::prelude::*;

/// Difficult names: Unicode, quotes, `*`, `:`, empty parts, names that are prefixes of each other.
pub(crate) const IDS: [&str; 14] = [
    "",
    "a",
    "ab",
    "abc",
    "a*",
    "*",
    ":",
    "a:b",
    "é",
    "éé",
    "\"q\"",
    "'; --",
    "r.sub",
    "{\"a\":1}",
];
pub(crate) const KINDS: [&str; 4] = ["film", "label", "route", "f"];
pub(crate) const ACTIONS: [&str; 8] =
    ["read", "readme", "re", "GET", "delete?soft=true", "délete", "\"", "*"];
pub(crate) const ROLES: [&str; 4] = ["r0", "r1", "r2", "anonymous"];

pub(crate) fn role(name: &str) -> RoleName {
    RoleName::parse(name).unwrap()
}

pub(crate) fn resource() -> impl Strategy<Value = (&'static str, Option<&'static str>)> {
    let kind =
        prop::sample::select([KINDS.as_slice(), &["Film", "", "a:b", "\u{1}caller"]].concat());
    (kind, prop::option::of(prop::sample::select(IDS.to_vec())))
}

pub(crate) fn resource_pattern() -> impl Strategy<Value = ResourcePattern> {
    let text = (resource(), any::<bool>()).prop_map(|((kind, id), star)| {
        let id = id.map(|id| format!(":{id}")).unwrap_or_default();
        format!("{kind}{id}{}", if star { "*" } else { "" })
    });
    prop_oneof![4 => text, 1 => Just("*".to_owned())]
        .prop_filter_map("a pattern", |text| ResourcePattern::parse(&text).ok())
}

pub(crate) fn action_pattern() -> impl Strategy<Value = ActionPattern> {
    (prop::sample::select(ACTIONS.to_vec()), any::<bool>())
        .prop_filter_map("a pattern", |(text, star)| {
            ActionPattern::parse(&format!("{text}{}", if star { "*" } else { "" })).ok()
        })
}

pub(crate) fn rule() -> impl Strategy<Value = Change> {
    let effect = prop_oneof![Just(Effect::Allow), Just(Effect::Deny)];
    (
        1..12u32,
        1..5u32,
        prop::sample::select(ROLES.to_vec()),
        resource_pattern(),
        action_pattern(),
        effect,
    )
        .prop_map(|(id, priority, name, resource, action, effect)| {
            Change::RuleSet(Rule::new(id, priority, role(name), resource, action, effect))
        })
}

pub(crate) fn change() -> impl Strategy<Value = Change> {
    let inherits = prop::sample::subsequence(vec!["r1", "r2"], 0..=2);
    prop_oneof![
        8 => rule(),
        1 => (1..12u32).prop_map(|id| Change::RuleRemoved { id }),
        1 => inherits.prop_map(|names| Change::RoleSet {
            name: role("r0"), inherits: names.into_iter().map(role).collect() }),
        1 => any::<bool>().prop_map(|more| Change::RoleSet {
            name: role("r1"), inherits: if more { vec![role("r2")] } else { vec![] } }),
    ]
}

/// A policy with three roles and no rules.
pub(crate) fn start() -> Snapshot {
    let roles: Vec<Change> = ["r2", "r1", "r0"]
        .map(|name| Change::RoleSet { name: role(name), inherits: vec![] })
        .into();
    Snapshot::empty([]).unwrap().next(1, &roles).unwrap()
}

/// The snapshot after one write; `None` if the write is rejected. `preview` is applied first, evaluated
/// and discarded: none of its verdicts may remain in what it shares with the snapshot.
pub(crate) fn after(
    snapshot: &Snapshot,
    write: &Change,
    preview: &Change,
    held: &[RoleName],
) -> Option<Snapshot> {
    let revision = snapshot.revision() + 1;
    if let Ok(preview) = snapshot.next(revision, std::slice::from_ref(preview)) {
        evaluate_all(&preview, held);
    }
    snapshot.next(revision, std::slice::from_ref(write)).ok()
}

/// Evaluates every name once, so that the table is as full as possible.
fn evaluate_all(snapshot: &Snapshot, held: &[RoleName]) {
    let set = snapshot.role_set(held);
    for (kind, id) in KINDS.into_iter().flat_map(|kind| IDS.map(|id| (kind, id))) {
        let resource = Resource::new(kind, Some(id));
        snapshot.decide(&set, "read", &resource, &Facts::labels([])).unwrap();
    }
}
