//! What no policy may say, and what stays as it is.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a test ends it")]

use policies::csv::{self, SHIPPED_RULES};
use policies::{
    ActionPattern, Change, Effect, LAST_PRIORITY, PolicyError, ResourcePattern, RoleName, Rule,
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
    Change::RuleSet(Rule { id, priority, role: role(name), resource, action, effect })
}

fn shipped() -> Snapshot {
    let changes = csv::read(SHIPPED_RULES).unwrap().changes();
    Snapshot::empty([]).unwrap().next(1, &changes).unwrap()
}

fn refused(changes: &[Change]) -> PolicyError {
    shipped().next(2, changes).unwrap_err()
}

fn accepted(changes: &[Change]) -> Snapshot {
    shipped().next(2, changes).unwrap()
}

#[test]
fn guests_never_write_through_the_servers_own_api() {
    for resource in ["*", "r*", "route:*", "route:/*", "route:/api/v1/rules"] {
        for action in ["*", "P*", "POST", "PUT", "PATCH", "DELETE"] {
            let error = refused(&[rule(9, 9, "anonymous", resource, action)]);
            assert_eq!(error, PolicyError::AnonymousWrites, "{resource} {action}");
        }
        accepted(&[rule(9, 9, "anonymous", resource, "GET")]);
        accepted(&[rule(9, 9, "subscriber", resource, "*")]);
    }
    accepted(&[rule(9, 9, "anonymous", "film:*", "*")]);
}

#[test]
fn the_superusers_rule_stays_and_stands_first() {
    let builtin = |error| assert!(matches!(error, PolicyError::BuiltinImmutable(_)), "{error:?}");
    let snapshot = shipped();
    let own = snapshot.rules().find(|rule| rule.is_builtin()).unwrap();
    builtin(refused(&[Change::RuleRemoved { id: own.id }]));
    builtin(refused(&[rule(own.id, 5, "superuser", "*", "*")]));
    accepted(&[Change::RuleSet(Rule::clone(own))]);
    for (name, resource, action) in
        [("subscriber", "*", "*"), ("superuser", "film", "*"), ("superuser", "*", "read")]
    {
        assert_eq!(refused(&[rule(9, 0, name, resource, action)]), PolicyError::Priority(0));
    }
    let past = LAST_PRIORITY + 1;
    assert_eq!(refused(&[rule(9, past, "subscriber", "*", "*")]), PolicyError::Priority(past));
    assert_eq!(refused(&[rule(0, 9, "subscriber", "*", "*")]), PolicyError::RuleId(0));
    assert_eq!(refused(&[rule(past, 9, "subscriber", "*", "*")]), PolicyError::RuleId(past));
    accepted(&[rule(LAST_PRIORITY, LAST_PRIORITY, "subscriber", "*", "*")]);
}

#[test]
fn built_in_roles_stay_and_inherit_nothing() {
    for name in ["anonymous", "superuser"] {
        let immutable = PolicyError::BuiltinImmutable(name.into());
        assert_eq!(refused(&[Change::RoleRemoved { name: role(name) }]), immutable);
        assert_eq!(refused(&[role_set(name, &["subscriber"])]), immutable);
        accepted(&[role_set(name, &[])]);
    }
    let heir = PolicyError::InheritsSuperuser(role("subscriber"));
    assert_eq!(refused(&[role_set("subscriber", &["superuser"])]), heir);
}

#[test]
fn a_role_goes_only_when_nothing_speaks_of_it() {
    let gone = || Change::RoleRemoved { name: role("subscriber") };
    let in_use = |error| assert!(matches!(error, PolicyError::RoleInUse(..)), "{error:?}");
    in_use(refused(&[gone()]));
    let snapshot = shipped();
    let id = snapshot.rules().find(|rule| rule.role == role("subscriber")).unwrap().id;
    let freed = accepted(&[Change::RuleRemoved { id }, gone()]);
    assert!(!freed.has_role(&role("subscriber")));
    let inherited = [Change::RuleRemoved { id }, role_set("critic", &["subscriber"]), gone()];
    in_use(refused(&inherited));
    let unknown = PolicyError::UnknownRole(role("critic"));
    assert_eq!(refused(&[rule(9, 9, "critic", "film:*", "read")]), unknown);
}

#[test]
fn what_reaches_the_servers_own_routes_is_privileged() {
    let snapshot = accepted(&[
        role_set("operator", &[]),
        role_set("deputy", &["operator"]),
        rule(9, 9, "operator", "route:/api/v1/roles*", "GET"),
    ]);
    let is = |name| snapshot.is_privileged(&role(name));
    assert!(is("operator") && is("deputy") && is("superuser") && !is("subscriber"));
}
