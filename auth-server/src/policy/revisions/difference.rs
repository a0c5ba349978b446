//! What differs between two states of the policy.

use std::collections::{BTreeMap, BTreeSet};

use policies::{RoleName, Rule};

use super::before::RoleState;
use super::state::PolicyState;

/// A rule or role that differs: added if there is no `before`, removed if there is no `after`.
#[derive(Clone, Debug)]
pub(crate) struct Changed<K, V> {
    pub(crate) key: K,
    pub(crate) before: Option<V>,
    pub(crate) after: Option<V>,
}

/// The rules and roles that differ, by id and name.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) rules: Vec<Changed<u32, Rule>>,
    pub(crate) roles: Vec<Changed<RoleName, RoleState>>,
}

impl Difference {
    #[must_use]
    pub(crate) fn between(from: &PolicyState, to: &PolicyState) -> Self {
        Self { rules: changed(&from.rules, &to.rules), roles: changed(&from.roles, &to.roles) }
    }

    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.roles.is_empty()
    }
}

fn changed<K: Ord + Clone, V: PartialEq + Clone>(
    from: &BTreeMap<K, V>,
    to: &BTreeMap<K, V>,
) -> Vec<Changed<K, V>> {
    let keys: BTreeSet<&K> = from.keys().chain(to.keys()).collect();
    let differing = keys.into_iter().filter(|key| from.get(key) != to.get(key));
    differing
        .map(|key| Changed {
            key: key.clone(),
            before: from.get(key).cloned(),
            after: to.get(key).cloned(),
        })
        .collect()
}
