//! What somebody's roles come to.

use poem_openapi::Object;
use policies::{RoleName, Snapshot, Verdict};
use serde::Serialize;

use super::rules::RuleInForce;

/// Rules shown at most.
const MOST_RULES: usize = 1_000;

/// What somebody's roles come to.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct Permissions {
    /// Roles granted, sorted.
    roles: Vec<String>,
    /// Those and everything that they inherit; `anonymous` is among them.
    role_set: Vec<String>,
    /// The first 1,000 rules that speak of one of these, in the order in which they are read.
    rules: Vec<RuleInForce>,
    /// Revision of the policy that this comes from.
    revision: i64,
}

/// What these roles come to.
#[must_use]
pub(crate) fn permissions(policy: &Snapshot, roles: &[RoleName]) -> Permissions {
    let anonymous = RoleName::anonymous();
    let held = roles.iter().chain(std::iter::once(&anonymous));
    let mut role_set: Vec<RoleName> = held.flat_map(|role| policy.inherited(role)).collect();
    role_set.sort();
    role_set.dedup();
    let mut about: Vec<_> = policy.rules().filter(|rule| role_set.contains(&rule.role)).collect();
    about.sort_unstable_by_key(|rule| Verdict::of(rule));
    about.truncate(MOST_RULES);
    Permissions {
        roles: roles.iter().map(ToString::to_string).collect(),
        role_set: role_set.iter().map(ToString::to_string).collect(),
        rules: about.into_iter().map(|rule| RuleInForce::from(&**rule)).collect(),
        revision: policy.revision(),
    }
}
