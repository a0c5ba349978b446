//! Actions with properties: the first rule that covers any of the action's names decides, as a plain
//! enforcer decides over the rules that cover one of them.

use casbin::CoreApi;
use policies::{
    Action, ActionPattern, Change, Facts, Resource, RoleName, Rule, Snapshot, Verdict, engine,
};
use proptest::prelude::*;

use crate::reference::links;
use crate::strategies::{after, change, resource, role, start};

const PATTERNS: [&str; 10] = [
    "delete",
    "delete?soft=true",
    "delete?soft=true",
    "delete?soft=*",
    "delete?force=1",
    "delete?*",
    "del*",
    "*",
    "read",
    "delete?soft=true&force=1",
];

/// The texts of actions with the properties that they have.
const ACTIONS: [(&str, &[(&str, &str)]); 7] = [
    ("delete", &[]),
    ("delete", &[("soft", "true")]),
    ("delete", &[("soft", "false")]),
    ("delete", &[("force", "1"), ("soft", "true")]),
    ("delete?soft=true", &[]),
    ("delete?soft=true&force=1", &[]),
    ("read", &[("soft", "true")]),
];

fn action((text, properties): (&'static str, &[(&str, &str)])) -> Action<'static> {
    properties.iter().fold(Action::new(text), |action, (name, value)| action.qualified(name, value))
}

/// A change, with actions that properties qualify.
fn qualified_change() -> impl Strategy<Value = Change> {
    (change(), prop::sample::select(PATTERNS.to_vec())).prop_map(|(change, pattern)| match change {
        Change::RuleSet(rule) => {
            let action = ActionPattern::parse(pattern).unwrap();
            Change::RuleSet(Rule { action, ..rule })
        }
        other => other,
    })
}

/// What a plain enforcer says about all rules that cover a name of the action.
fn expected(snapshot: &Snapshot, held: &[&str], action: &Action, resource: &Resource) -> bool {
    let covered = |rule: &Rule| action.is_covered_by(&rule.action);
    let mut rules: Vec<_> = snapshot.rules().filter(|rule| covered(rule)).collect();
    rules.sort_by_key(|rule| Verdict::of(rule));
    let mut enforcer = engine::enforcer().unwrap();
    let model = enforcer.get_mut_model();
    for rule in &rules {
        let [priority, role, resource, _, effect] = rule.row().try_into().unwrap();
        let row = vec![priority, role, resource, "*".to_owned(), effect];
        // Casbin moves a duplicate row to the end.
        if !model.has_policy("p", "p", row.clone()) {
            model.add_policy("p", "p", row);
        }
    }
    for (role, inherited) in links(snapshot, held) {
        model.add_policy("g", "g", vec![role, inherited]);
    }
    enforcer.build_role_links().unwrap();
    let request = vec![engine::SUBJECT.to_owned(), resource.as_str().to_owned(), "x".to_owned()];
    !rules.is_empty() && enforcer.enforce(request).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn the_first_rule_on_any_name_of_the_action_decides(
        writes in prop::collection::vec((qualified_change(), qualified_change()), 1..10),
        held in prop::sample::subsequence(vec!["r0", "r1", "r2"], 0..=3),
        requests in prop::collection::vec((resource(), prop::sample::select(ACTIONS.to_vec())), 6),
    ) {
        let mut snapshot = start();
        let roles: Vec<RoleName> = held.iter().copied().map(role).collect();
        for (write, preview) in &writes {
            let Some(next) = after(&snapshot, write, preview, &roles) else { continue };
            snapshot = next;
            let set = snapshot.role_set(&roles);
            for ((kind, id), named) in &requests {
                let (resource, action) = (Resource::new(kind, *id), action(*named));
                let facts = Facts::labels([]);
                let decision = snapshot.decide_action(&set, &action, &resource, &facts).unwrap();
                let expected = expected(&snapshot, &held, &action, &resource);
                prop_assert_eq!(decision.allowed, expected, "{:?} {:?} {:?}", resource, action, held);
            }
        }
    }

    #[test]
    fn the_text_of_an_action_decides_as_its_property(
        writes in prop::collection::vec(qualified_change(), 1..10),
        requests in prop::collection::vec(resource(), 6),
    ) {
        let mut snapshot = start();
        for (write, revision) in writes.iter().zip(2..) {
            if let Ok(next) = snapshot.next(revision, std::slice::from_ref(write)) {
                snapshot = next;
            }
        }
        let set = snapshot.role_set(&[role("r0")]);
        let qualified = Action::new("delete").qualified("soft", "true");
        for (kind, id) in requests {
            let (resource, facts) = (Resource::new(kind, id), Facts::labels([]));
            let by_text = snapshot.decide(&set, "delete?soft=true", &resource, &facts).unwrap();
            let decision = snapshot.decide_action(&set, &qualified, &resource, &facts).unwrap();
            prop_assert_eq!(by_text, decision);
        }
    }
}
