//! Policies of every kind over the names in the documents.

use policies::{
    ActionPattern, Change, Effect, Label, ResourcePattern, RoleName, RoleSet, Rule, Snapshot,
};
use proptest::prelude::*;

use crate::documents::{TIME_BOUND, documents};

const ROLES: [&str; 4] = ["r0", "r1", "r2", "anonymous"];

const LABELS: [&str; 25] = [
    "label:*",
    "label:unlabelled",
    "label:u*",
    "label:new",
    "label:new",
    "label:n*",
    "label:soon",
    "label:adult",
    "label:a*",
    "label:x",
    "label:x*",
    "label:x-*",
    "label:x-*",
    "label:x-a",
    "label:x-ok",
    "label:x-ok*",
    "label:x-999",
    "label:x-99*",
    "label:l*",
    "label:0*",
    "label:5",
    "label:1",
    "label:true",
    "label:mpaa=r",
    "label:zz",
];

/// Nested names and prefixes, each an exception to another.
const NESTED: [&str; 10] = [
    "film:a*",
    "film:ab*",
    "film:ab",
    "film:abc",
    "film:abc*",
    "film:abc0",
    "film:ab-x",
    "film:aé",
    "film:é*",
    "film:éé",
];

const WIDE: [&str; 7] = ["*", "f*", "film", "film:*", "film*", "l*", "label"];

/// Two consecutive writes, and the roles that the caller has.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub first: Vec<Change>,
    pub second: Vec<Change>,
    pub held: Vec<RoleName>,
    pub action: &'static str,
}

pub(crate) fn case() -> impl Strategy<Value = Case> {
    let rules = || prop::collection::vec(rule(), 0..10);
    let inherits = prop::sample::subsequence(vec!["r1", "r2"], 0..=2);
    let action = prop::sample::select(vec!["read", "read?hd=true"]);
    (rules(), rules(), inherits, held(), action).prop_map(
        |(first, second, inherits, held, action)| Case {
            first,
            second: [vec![role_set("r0", &inherits)], second].concat(),
            held,
            action,
        },
    )
}

/// Roles of a caller.
pub(crate) fn held() -> impl Strategy<Value = Vec<RoleName>> {
    let held = prop::sample::subsequence(ROLES.to_vec(), 0..=3);
    held.prop_map(|held| held.into_iter().map(role).collect())
}

/// A policy with roles and no rules.
pub(crate) fn start() -> Snapshot {
    let time_bound = TIME_BOUND.map(|label| Label::parse(label).unwrap());
    let roles = ["r0", "r1", "r2"].map(|name| role_set(name, &[]));
    Snapshot::empty(time_bound).unwrap().next(1, &roles).unwrap()
}

fn role(name: &str) -> RoleName {
    RoleName::parse(name).unwrap()
}

fn role_set(name: &str, inherits: &[&str]) -> Change {
    Change::RoleSet { name: role(name), inherits: inherits.iter().copied().map(role).collect() }
}

fn rule() -> impl Strategy<Value = Change> {
    let effect = prop_oneof![Just(Effect::Allow), Just(Effect::Deny)];
    let action = prop::sample::select(vec![
        "read",
        "read",
        "read",
        "re*",
        "*",
        "write",
        "reading",
        "read?hd=true",
        "read?*",
    ]);
    (1..16u32, 1..6u32, prop::sample::select(ROLES.to_vec()), resource(), action, effect).prop_map(
        |(id, priority, name, resource, action, effect)| {
            // A rule that allows guests every action on everything would be rejected.
            let action = if name == "anonymous" && action == "*" { "re*" } else { action };
            let action = ActionPattern::parse(action).unwrap();
            Change::RuleSet(Rule::new(id, priority, role(name), resource, action, effect))
        },
    )
}

fn resource() -> impl Strategy<Value = ResourcePattern> {
    let text = prop_oneof![
        5 => prop::sample::select(LABELS.to_vec()).prop_map(ToOwned::to_owned),
        3 => prop::sample::select(NESTED.to_vec()).prop_map(ToOwned::to_owned),
        2 => prop::sample::select(film_names()),
        2 => (prop::sample::select(film_names()), 0..4usize).prop_map(prefix),
        4 => prop::sample::select(WIDE.to_vec()).prop_map(ToOwned::to_owned),
    ];
    text.prop_filter_map("a literal that ends in `*`", |text| ResourcePattern::parse(&text).ok())
}

fn film_names() -> Vec<String> {
    documents().into_iter().map(|document| format!("film:{}", document.id)).collect()
}

/// A prefix pattern with `length` characters of the name's id.
fn prefix((name, length): (String, usize)) -> String {
    name.chars().take("film:".len() + length).chain(['*']).collect()
}

/// A rule on reading for guests.
pub(crate) fn guest_rule(id: u32, priority: u32, resource: &str, effect: Effect) -> Change {
    Change::RuleSet(Rule::new(
        id,
        priority,
        RoleName::anonymous(),
        ResourcePattern::parse(resource).unwrap(),
        ActionPattern::parse("read").unwrap(),
        effect,
    ))
}

pub(crate) fn guest(snapshot: &Snapshot) -> RoleSet {
    snapshot.role_set(&[])
}
