//! The table answers as one plain casbin enforcer over all rules and the caller's whole role set,
//! also after a row of writes, with verdicts kept from before.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a test ends it")]

use casbin::CoreApi;
use policies::{
    ActionPattern, Change, Effect, Facts, LONGEST_CHAIN, Resource, ResourcePattern, RoleName, Rule,
    Snapshot, Verdict, engine,
};
use proptest::prelude::*;

/// Names that hurt: Unicode, quotes, `*`, `:`, empty parts, one the begin of the other.
const IDS: [&str; 14] = [
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
const KINDS: [&str; 4] = ["film", "label", "route", "f"];
const ACTIONS: [&str; 8] = ["read", "readme", "re", "GET", "delete?soft=true", "délete", "\"", "*"];
const ROLES: [&str; 4] = ["r0", "r1", "r2", "anonymous"];

fn role(name: &str) -> RoleName {
    RoleName::parse(name).unwrap()
}

fn resource() -> impl Strategy<Value = (&'static str, Option<&'static str>)> {
    let kind =
        prop::sample::select([KINDS.as_slice(), &["Film", "", "a:b", "\u{1}caller"]].concat());
    (kind, prop::option::of(prop::sample::select(IDS.to_vec())))
}

fn resource_pattern() -> impl Strategy<Value = ResourcePattern> {
    let text = (resource(), any::<bool>()).prop_map(|((kind, id), star)| {
        let id = id.map(|id| format!(":{id}")).unwrap_or_default();
        format!("{kind}{id}{}", if star { "*" } else { "" })
    });
    prop_oneof![4 => text, 1 => Just("*".to_owned())]
        .prop_filter_map("a pattern", |text| ResourcePattern::parse(&text).ok())
}

fn action_pattern() -> impl Strategy<Value = ActionPattern> {
    (prop::sample::select(ACTIONS.to_vec()), any::<bool>())
        .prop_filter_map("a pattern", |(text, star)| {
            ActionPattern::parse(&format!("{text}{}", if star { "*" } else { "" })).ok()
        })
}

fn rule() -> impl Strategy<Value = Change> {
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
            Change::RuleSet(Rule { id, priority, role: role(name), resource, action, effect })
        })
}

fn change() -> impl Strategy<Value = Change> {
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

/// All rules and links in one enforcer, as casbin's manual has it.
fn plain(snapshot: &Snapshot, links: &[(String, String)]) -> casbin::Enforcer {
    let mut enforcer = engine::enforcer().unwrap();
    let mut rules: Vec<_> = snapshot.rules().collect();
    rules.sort_by_key(|rule| Verdict::of(rule));
    let model = enforcer.get_mut_model();
    for rule in rules {
        model.add_policy("p", "p", rule.row());
    }
    for (role, inherited) in links {
        model.add_policy("g", "g", vec![role.clone(), inherited.clone()]);
    }
    enforcer.build_role_links().unwrap();
    enforcer
}

fn links(snapshot: &Snapshot, held: &[&str]) -> Vec<(String, String)> {
    let callers = held.iter().chain(&["anonymous"]);
    let mut links: Vec<_> =
        callers.map(|name| (engine::SUBJECT.to_owned(), (*name).to_owned())).collect();
    for name in ROLES.map(role) {
        for inherited in snapshot.inherited(&name) {
            if inherited != name {
                links.push((name.to_string(), inherited.to_string()));
            }
        }
    }
    links
}

/// Every name once, so that the table is as full as can be.
fn ask_all(snapshot: &Snapshot, held: &[RoleName]) {
    let set = snapshot.role_set(held);
    for (kind, id) in KINDS.into_iter().flat_map(|kind| IDS.map(|id| (kind, id))) {
        let resource = Resource::new(kind, Some(id));
        snapshot.decide(&set, "read", &resource, &Facts::labels([])).unwrap();
    }
}

#[test]
fn a_rule_at_the_end_of_the_longest_chain_decides() {
    let links = LONGEST_CHAIN;
    let chain = (0..=links).map(|n| Change::RoleSet {
        name: role(&format!("c{n}")),
        inherits: (n < links).then(|| role(&format!("c{}", n + 1))).into_iter().collect(),
    });
    let rule = Rule {
        id: 1,
        priority: 1,
        role: role(&format!("c{links}")),
        resource: ResourcePattern::parse("film:a").unwrap(),
        action: ActionPattern::parse("read").unwrap(),
        effect: Effect::Allow,
    };
    let changes: Vec<Change> = chain.chain([Change::RuleSet(rule)]).collect();
    let snapshot = Snapshot::empty([]).unwrap().next(1, &changes).unwrap();
    let set = snapshot.role_set(&[role("c0")]);
    let film = Resource::new("film", Some("a"));
    assert!(snapshot.decide(&set, "read", &film, &Facts::labels([])).unwrap().allowed);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn the_table_answers_as_a_plain_enforcer(
        writes in prop::collection::vec((change(), change()), 1..8),
        held in prop::sample::subsequence(vec!["r0", "r1", "r2"], 0..=3),
        asked in prop::collection::vec((resource(), prop::sample::select(ACTIONS.to_vec())), 6),
    ) {
        let roles: Vec<Change> = ["r2", "r1", "r0"]
            .map(|name| Change::RoleSet { name: role(name), inherits: vec![] }).into();
        let mut snapshot = Snapshot::empty([]).unwrap().next(1, &roles).unwrap();
        let held_roles: Vec<RoleName> = held.iter().copied().map(role).collect();
        for (revision, (write, preview)) in (2..).zip(&writes) {
            // Asked, then thrown away: what it found must not be left behind in what it shares.
            if let Ok(preview) = snapshot.next(revision, std::slice::from_ref(preview)) {
                ask_all(&preview, &held_roles);
            }
            // A refused write leaves the old policy deciding.
            let Ok(next) = snapshot.next(revision, std::slice::from_ref(write)) else { continue };
            snapshot = next;
            let set = snapshot.role_set(&held_roles);
            let enforcer = plain(&snapshot, &links(&snapshot, &held));
            for ((kind, id), action) in &asked {
                let resource = Resource::new(kind, *id);
                let ours = snapshot.decide(&set, action, &resource, &Facts::labels([])).unwrap();
                let request =
                    vec![engine::SUBJECT.to_owned(), resource.as_str().to_owned(), (*action).to_owned()];
                let theirs = snapshot.rules().next().is_some() && enforcer.enforce(request).unwrap();
                prop_assert_eq!(ours.allowed, theirs, "{:?} {:?} {:?}", resource, action, held);
            }
        }
    }
}
