//! What a user's roles permit.

use poem_openapi::Object;
use policies::{RoleName, Rule, Snapshot, Verdict};
use serde::Serialize;

use super::rules::RuleInForce;

/// Maximum number of rules listed.
const MAX_RULES: usize = 1_000;

/// What a user's roles permit.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct Permissions {
    /// Roles granted to the user, sorted.
    roles: Vec<String>,
    /// Those roles and all that they inherit, including `anonymous`.
    role_set: Vec<String>,
    /// The first 1,000 rules of these roles, in evaluation order. With `AUTH_FILTER_FOR=clients`, rules
    /// that name resources or labels are listed only for callers who may read rules.
    rules: Vec<RuleInForce>,
    /// Policy revision.
    revision: i64,
}

/// What these roles permit; without the rules that name resources or labels unless `with_names`.
#[must_use]
pub(crate) fn permissions(policy: &Snapshot, roles: &[RoleName], with_names: bool) -> Permissions {
    let anonymous = RoleName::anonymous();
    let held = roles.iter().chain(std::iter::once(&anonymous));
    let mut role_set: Vec<RoleName> = held.flat_map(|role| policy.inherited(role)).collect();
    role_set.sort();
    role_set.dedup();
    let listed = |rule: &Rule| {
        role_set.contains(&rule.role) && (with_names || !rule.resource.reveals_names())
    };
    let mut granted: Vec<_> = policy.rules().filter(|rule| listed(rule)).collect();
    granted.sort_unstable_by_key(|rule| Verdict::of(rule));
    granted.truncate(MAX_RULES);
    Permissions {
        roles: roles.iter().map(ToString::to_string).collect(),
        role_set: role_set.iter().map(ToString::to_string).collect(),
        rules: granted.into_iter().map(|rule| RuleInForce::from(&**rule)).collect(),
        revision: policy.revision(),
    }
}
