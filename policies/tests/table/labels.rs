//! Labels and rules on single films decide as documented: the film's own rule, then every label, except
//! that an allow rule that names the film overrides a label's deny rule that comes after it.

use std::sync::Arc;

use policies::{
    ActionPattern, Change, Effect, Facts, ReasonCode, Resource, ResourcePattern, RoleName, Rule,
    Snapshot, Verdict,
};
use proptest::prelude::*;

use crate::strategies::{ROLES, after, role, start};

const PATTERNS: [&str; 10] = [
    "*", "film:*", "film:a", "film:a*", "film:ab", "film:b", "label:*", "label:x", "label:x*",
    "label:xy",
];

fn change() -> impl Strategy<Value = Change> {
    let effect = prop_oneof![Just(Effect::Allow), Just(Effect::Deny)];
    let rule = (
        1..14u32,
        1..6u32,
        prop::sample::select(ROLES.to_vec()),
        prop::sample::select(PATTERNS.to_vec()),
        effect,
    );
    let rule = rule.prop_map(|(id, priority, name, resource, effect)| {
        let resource = ResourcePattern::parse(resource).unwrap();
        let action = ActionPattern::parse("read").unwrap();
        Change::RuleSet(Rule::new(id, priority, role(name), resource, action, effect))
    });
    let inherits = prop::sample::subsequence(vec!["r1", "r2"], 0..=2);
    prop_oneof![
        12 => rule,
        1 => (1..14u32).prop_map(|id| Change::RuleRemoved { id }),
        1 => inherits.prop_map(|names| Change::RoleSet {
            name: role("r0"), inherits: names.into_iter().map(role).collect() }),
    ]
}

/// The rules that apply to the caller, in rule order.
fn rules(snapshot: &Snapshot, held: &[RoleName]) -> Vec<Arc<Rule>> {
    let inherited: Vec<RoleName> =
        held.iter().chain([&role("anonymous")]).flat_map(|name| snapshot.inherited(name)).collect();
    let mut rules: Vec<_> =
        snapshot.rules().filter(|rule| inherited.contains(&rule.role)).cloned().collect();
    rules.sort_by_key(|rule| Verdict::of(rule));
    rules
}

/// Position and rule of the first match for the name; the end of the list if there is none.
fn first<'a>(rules: &'a [Arc<Rule>], name: &str, by_name: bool) -> (usize, Option<&'a Rule>) {
    let found = rules.iter().position(|rule| {
        let pattern = rule.resource.pattern();
        pattern.covers(name) && !(by_name && pattern.is_prefix())
    });
    (found.unwrap_or(rules.len()), found.and_then(|at| rules.get(at)).map(Arc::as_ref))
}

fn allows(rule: Option<&Rule>) -> bool {
    rule.is_some_and(|rule| rule.effect == Effect::Allow)
}

fn expected(rules: &[Arc<Rule>], film: &str, labels: &[&str]) -> (bool, ReasonCode, Option<u32>) {
    let id = |rule: Option<&Rule>| rule.map(|rule| rule.id);
    let (_, own) = first(rules, film, false);
    if !allows(own) {
        return (false, own.map_or(ReasonCode::NoRule, |_| ReasonCode::DeniedByRule), id(own));
    }
    let verdicts = labels.iter().map(|label| first(rules, &format!("label:{label}"), false));
    let Some((at, denial)) = verdicts.filter(|(_, rule)| !allows(*rule)).min_by_key(|(at, _)| *at)
    else {
        return (true, ReasonCode::Allowed, id(own));
    };
    let (before, by_name) = first(rules, film, true);
    if allows(by_name) && before < at {
        return (true, ReasonCode::AllowedByName, id(by_name));
    }
    (false, ReasonCode::LabelDenied, id(denial))
}

#[test]
fn a_duplicate_rule_does_not_lose_its_position() {
    let rule = |id, resource| {
        let resource = ResourcePattern::parse(resource).unwrap();
        let action = ActionPattern::parse("read").unwrap();
        let (role, effect) = (role("r0"), Effect::Allow);
        Change::RuleSet(Rule::new(id, 1, role, resource, action, effect))
    };
    let changes = [rule(1, "*"), rule(2, "film:*"), rule(3, "*")];
    let snapshot = start().next(2, &changes).unwrap();
    let (set, film) = (snapshot.role_set(&[role("r0")]), Resource::new("film", Some("a")));
    let decision = snapshot.decide(&set, "read", &film, &Facts::labels([])).unwrap();
    assert_eq!(decision.rule, Some(1));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn labels_deny_and_rules_by_name_override(
        writes in prop::collection::vec((change(), change()), 1..20),
        held in prop::sample::subsequence(vec!["r0", "r1", "r2"], 0..=3),
        labels in prop::sample::subsequence(vec!["x", "xy", "xyz", "y", "X", ""], 0..=3),
    ) {
        let mut snapshot = start();
        let held: Vec<RoleName> = held.into_iter().map(role).collect();
        for (write, preview) in &writes {
            let Some(next) = after(&snapshot, write, preview, &held) else { continue };
            snapshot = next;
            let (set, rules) = (snapshot.role_set(&held), rules(&snapshot, &held));
            for id in ["a", "ab", "abc", "b", "c"] {
                let film = Resource::new("film", Some(id));
                let facts = Facts::labels(labels.iter().copied());
                let decision = snapshot.decide(&set, "read", &film, &facts).unwrap();
                let expected = expected(&rules, film.as_str(), &labels);
                prop_assert_eq!((decision.allowed, decision.code, decision.rule), expected, "{:?} {:?}", film, labels);
            }
        }
    }
}
