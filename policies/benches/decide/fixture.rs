//! Policies of a film site of any size.

use policies::{
    ActionPattern, Change, Effect, Label, Resource, ResourcePattern, RoleName, RoleSet, Rule,
    Snapshot,
};

/// Number of roles with rules, in addition to the built-in ones.
pub(crate) const ROLES: u32 = 100;
const KINDS: [&str; 4] = ["film", "poster", "trailer", "actor"];

pub(crate) fn role(n: u32) -> RoleName {
    RoleName::parse(&format!("role-{}", n % ROLES)).unwrap()
}

/// The `n`th rule: most name a single resource, a few a prefix, some a label. The last rule allows
/// everyone to read.
pub(crate) fn rule(n: u32) -> Rule {
    let kind = KINDS[n as usize % KINDS.len()];
    let resource = match n % 100 {
        0 => format!("{kind}:series-{}-*", n % 1000),
        90..=99 => format!("label:label-{}", n % 1000),
        _ => format!("{kind}:{n}"),
    };
    let effect = if n.is_multiple_of(3) { Effect::Deny } else { Effect::Allow };
    written(n + 1, 1 + n, role(n / 7), &resource, effect)
}

fn written(id: u32, priority: u32, role: RoleName, resource: &str, effect: Effect) -> Rule {
    let resource = ResourcePattern::parse(resource).unwrap();
    let action = ActionPattern::parse("read").unwrap();
    Rule::new(id, priority, role, resource, action, effect)
}

/// The changes that create a policy with `rules` rules.
pub(crate) fn changes(rules: u32) -> Vec<Change> {
    let open = written(rules, i32::MAX.cast_unsigned(), RoleName::anonymous(), "*", Effect::Allow);
    let defined = (0..ROLES).map(|n| Change::RoleSet { name: role(n), inherits: vec![] });
    let written = (0..rules - 1).map(rule).chain([open]);
    defined.chain(written.map(Change::RuleSet)).collect()
}

pub(crate) fn snapshot(rules: u32) -> Snapshot {
    let time_bound = [Label::parse("new").unwrap()];
    Snapshot::empty(time_bound).unwrap().next(1, &changes(rules)).unwrap()
}

/// A caller with three roles, four including `anonymous`.
pub(crate) fn caller(snapshot: &Snapshot) -> RoleSet {
    snapshot.role_set(&[role(1), role(2), role(3)])
}

/// The resource of the `n`th rule, or one that no rule names.
pub(crate) fn resource(n: u32) -> Resource {
    let kind = KINDS[n as usize % KINDS.len()];
    Resource::new(kind, Some(&n.to_string()))
}
