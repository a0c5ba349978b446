//! Policies that are rejected, and what is built in.

#![expect(clippy::unwrap_used, reason = "a failure ends the test")]

use policies::csv::{self, SHIPPED_RULES};
use policies::{
    ActionPattern, Change, Effect, MAX_PRIORITY, PolicyError, ResourcePattern, RoleName, Rule,
    Snapshot,
};

fn role(name: &str) -> RoleName {
    RoleName::parse(name).unwrap()
}

fn role_set(name: &str, inherits: &[&str]) -> Change {
    Change::RoleSet { name: role(name), inherits: inherits.iter().copied().map(role).collect() }
}

fn rule(id: u32, priority: u32, name: &str, resource: &str, action: &str) -> Change {
    let resource = ResourcePattern::parse(resource).unwrap();
    let action = ActionPattern::parse(action).unwrap();
    let effect = Effect::Allow;
    Change::RuleSet(Rule::new(id, priority, role(name), resource, action, effect))
}

fn shipped() -> Snapshot {
    let changes = csv::read(SHIPPED_RULES).unwrap().changes();
    Snapshot::empty([]).unwrap().next(1, &changes).unwrap()
}

fn rejected(changes: &[Change]) -> PolicyError {
    shipped().next(2, changes).unwrap_err()
}

fn accepted(changes: &[Change]) -> Snapshot {
    shipped().next(2, changes).unwrap()
}

#[test]
fn no_rule_lets_guests_write_through_the_servers_own_api() {
    for resource in ["*", "r*", "route:*", "route:/*", "route:/api/v1/rules"] {
        for action in ["*", "P*", "POST", "PUT", "PATCH", "DELETE"] {
            let error = rejected(&[rule(9, 9, "anonymous", resource, action)]);
            assert_eq!(error, PolicyError::AnonymousWrite, "{resource} {action}");
        }
        accepted(&[rule(9, 9, "anonymous", resource, "GET")]);
        accepted(&[rule(9, 9, "subscriber", resource, "*")]);
    }
    accepted(&[rule(9, 9, "anonymous", "film:*", "*")]);
}

#[test]
fn the_superusers_rule_cannot_be_changed_deleted_or_outranked() {
    let snapshot = shipped();
    let own = snapshot.rules().find(|rule| rule.is_builtin()).unwrap();
    assert_eq!(rejected(&[Change::RuleRemoved { id: own.id }]), PolicyError::BuiltinRule);
    assert_eq!(rejected(&[rule(own.id, 5, "superuser", "*", "*")]), PolicyError::BuiltinRule);
    accepted(&[Change::RuleSet(Rule::clone(own))]);
    for (name, resource, action) in
        [("subscriber", "*", "*"), ("superuser", "film", "*"), ("superuser", "*", "read")]
    {
        assert_eq!(
            rejected(&[rule(9, 0, name, resource, action)]),
            PolicyError::InvalidPriority(0)
        );
    }
    let too_high = MAX_PRIORITY + 1;
    assert_eq!(
        rejected(&[rule(9, too_high, "subscriber", "*", "*")]),
        PolicyError::InvalidPriority(too_high)
    );
    assert_eq!(rejected(&[rule(0, 9, "subscriber", "*", "*")]), PolicyError::InvalidRuleId(0));
    assert_eq!(
        rejected(&[rule(too_high, 9, "subscriber", "*", "*")]),
        PolicyError::InvalidRuleId(too_high)
    );
    accepted(&[rule(MAX_PRIORITY, MAX_PRIORITY, "subscriber", "*", "*")]);
}

#[test]
fn built_in_roles_cannot_be_deleted_or_inherit() {
    for name in ["anonymous", "superuser"] {
        let builtin = PolicyError::BuiltinRole(role(name));
        assert_eq!(rejected(&[Change::RoleRemoved { name: role(name) }]), builtin);
        assert_eq!(rejected(&[role_set(name, &["subscriber"])]), builtin);
        accepted(&[role_set(name, &[])]);
    }
    let inherits = PolicyError::InheritsSuperuser(role("subscriber"));
    assert_eq!(rejected(&[role_set("subscriber", &["superuser"])]), inherits);
}

#[test]
fn a_role_cannot_be_deleted_while_a_rule_or_role_uses_it() {
    let subscriber = role("subscriber");
    let deletion = || Change::RoleRemoved { name: subscriber.clone() };
    let snapshot = shipped();
    let id = snapshot.rules().find(|rule| rule.role == subscriber).unwrap().id;
    let used = PolicyError::RoleUsedByRule { role: subscriber.clone(), rule: id };
    assert_eq!(rejected(&[deletion()]), used);
    let deleted = accepted(&[Change::RuleRemoved { id }, deletion()]);
    assert!(!deleted.has_role(&subscriber));
    let changes = [Change::RuleRemoved { id }, role_set("critic", &["subscriber"]), deletion()];
    let inherited = PolicyError::RoleInherited { role: subscriber, descendant: role("critic") };
    assert_eq!(rejected(&changes), inherited);
    let unknown = PolicyError::UnknownRole(role("critic"));
    assert_eq!(rejected(&[rule(9, 9, "critic", "film:*", "read")]), unknown);
}

#[test]
fn roles_with_rules_on_the_servers_own_routes_are_privileged() {
    let snapshot = accepted(&[
        role_set("operator", &[]),
        role_set("deputy", &["operator"]),
        rule(9, 9, "operator", "route:/api/v1/roles*", "GET"),
    ]);
    for name in ["operator", "deputy", "superuser"] {
        assert!(snapshot.is_privileged(&role(name)), "{name}");
    }
    assert!(!snapshot.is_privileged(&role("subscriber")));
}

#[test]
fn every_rejection_has_a_variant_and_a_sentence_for_the_caller() {
    let rejections = [
        (rule(9, 9, "critic", "film:*", "read"), "The role `critic` does not exist."),
        (
            role_set("subscriber", &["subscriber"]),
            "A role cannot inherit itself: `subscriber` is part of a cycle.",
        ),
        (
            role_set("subscriber", &["superuser"]),
            "The role `subscriber` cannot inherit `superuser`, which can only be granted to \
             individual users.",
        ),
        (
            role_set("anonymous", &["subscriber"]),
            "The built-in role `anonymous` cannot be changed.",
        ),
        (
            Change::RoleRemoved { name: role("subscriber") },
            "The role `subscriber` is still used by rule 3.",
        ),
        (
            rule(9, 0, "subscriber", "film:*", "read"),
            "The priority must be between 1 and 2147483647, not 0.",
        ),
        (
            rule(9, 9, "anonymous", "*", "*"),
            "This rule would allow guests to write through the server's own API.",
        ),
    ];
    for (change, sentence) in rejections {
        assert_eq!(rejected(&[change]).to_string(), sentence);
    }
    let invalid = RoleName::parse("Critic").unwrap_err();
    assert_eq!(
        PolicyError::from(invalid).to_string(),
        "Invalid role \"Critic\": use 1 to 64 of the characters a-z 0-9 _ . - and start with a \
         letter or digit."
    );
}
