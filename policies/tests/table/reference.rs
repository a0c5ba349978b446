//! The table decides like a plain casbin enforcer with all rules and all roles of the caller.

use casbin::CoreApi;
use policies::{
    ActionPattern, Change, Effect, Facts, MAX_INHERITANCE_DEPTH, Resource, ResourcePattern,
    RoleName, Rule, Snapshot, Verdict, engine,
};
use proptest::prelude::*;

use crate::strategies::{ACTIONS, ROLES, after, change, resource, role, start};

/// One enforcer with all rules and links, as in casbin's manual.
fn reference(snapshot: &Snapshot, links: &[(String, String)]) -> casbin::Enforcer {
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

pub(crate) fn links(snapshot: &Snapshot, held: &[&str]) -> Vec<(String, String)> {
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

#[test]
fn a_rule_of_a_role_at_the_maximum_inheritance_depth_decides() {
    let links = MAX_INHERITANCE_DEPTH;
    let chain = (0..=links).map(|n| Change::RoleSet {
        name: role(&format!("c{n}")),
        inherits: (n < links).then(|| role(&format!("c{}", n + 1))).into_iter().collect(),
    });
    let rule = Rule::new(
        1,
        1,
        role(&format!("c{links}")),
        ResourcePattern::parse("film:a").unwrap(),
        ActionPattern::parse("read").unwrap(),
        Effect::Allow,
    );
    let changes: Vec<Change> = chain.chain([Change::RuleSet(rule)]).collect();
    let snapshot = Snapshot::empty([]).unwrap().next(1, &changes).unwrap();
    let set = snapshot.role_set(&[role("c0")]);
    let film = Resource::new("film", Some("a"));
    assert!(snapshot.decide(&set, "read", &film, &Facts::labels([])).unwrap().allowed);
}

/// The ids of deleted names are discarded then, and all ids are assigned anew.
#[test]
fn decisions_survive_the_deletion_of_a_flood_of_names() {
    let rule = |id: u32, resource: &str, effect| {
        let resource = ResourcePattern::parse(resource).unwrap();
        let action = ActionPattern::parse("read").unwrap();
        Change::RuleSet(Rule::new(id, id, role("r1"), resource, action, effect))
    };
    let kept = [rule(1, "film:a", Effect::Deny), rule(2, "film:*", Effect::Allow)];
    let flood = (10..70_010).map(|n| rule(n, &format!("kind-{}:{n}", n % 2), Effect::Allow));
    let inherits = vec![role("r1")];
    let descendant = [Change::RoleSet { name: role("r0"), inherits }];
    let changes: Vec<Change> = kept.into_iter().chain(descendant).chain(flood).collect();
    let flooded = start().next(2, &changes).unwrap();
    let deletions: Vec<Change> = (10..70_010).map(|id| Change::RuleRemoved { id }).collect();
    let snapshot = flooded.next(3, &deletions).unwrap();
    assert_eq!((snapshot.revision(), snapshot.rules().count()), (3, 2));
    let set = snapshot.role_set(&[role("r0")]);
    for (kind, id, allowed) in [("film", "a", false), ("film", "b", true), ("kind-0", "10", false)]
    {
        let resource = Resource::new(kind, Some(id));
        let decision = snapshot.decide(&set, "read", &resource, &Facts::labels([])).unwrap();
        assert_eq!(decision.allowed, allowed, "{kind}:{id}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn the_table_decides_like_a_plain_enforcer(
        writes in prop::collection::vec((change(), change()), 1..8),
        held in prop::sample::subsequence(vec!["r0", "r1", "r2"], 0..=3),
        requests in prop::collection::vec((resource(), prop::sample::select(ACTIONS.to_vec())), 6),
    ) {
        let mut snapshot = start();
        let held_roles: Vec<RoleName> = held.iter().copied().map(role).collect();
        for (write, preview) in &writes {
            let Some(next) = after(&snapshot, write, preview, &held_roles) else { continue };
            snapshot = next;
            let set = snapshot.role_set(&held_roles);
            let enforcer = reference(&snapshot, &links(&snapshot, &held));
            for ((kind, id), action) in &requests {
                let resource = Resource::new(kind, *id);
                let decision = snapshot.decide(&set, action, &resource, &Facts::labels([])).unwrap();
                let request =
                    vec![engine::SUBJECT.to_owned(), resource.as_str().to_owned(), (*action).to_owned()];
                let expected = snapshot.rules().next().is_some() && enforcer.enforce(request).unwrap();
                prop_assert_eq!(decision.allowed, expected, "{:?} {:?} {:?}", resource, action, held);
            }
        }
    }
}
