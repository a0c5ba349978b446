//! What a write changes, as it was before.

use std::collections::{BTreeMap, BTreeSet};

use policies::{Change, RoleName, Rule, Snapshot};
use serde::{Deserialize, Serialize};

use crate::db::PgConnection;
use crate::policy::grants::names;
use crate::policy::roles;
use crate::policy::roles::StoredRole;

/// A role at one revision, without its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoleState {
    pub(crate) description: String,
    /// The roles that it inherits directly, sorted.
    pub(crate) inherits: Vec<RoleName>,
}

impl RoleState {
    /// The state of this role.
    ///
    /// # Errors
    /// A stored name is invalid.
    pub(crate) fn of(stored: &StoredRole) -> sqlx::Result<Self> {
        let inherits = names(&stored.inherits)?;
        Ok(Self { description: stored.description.clone(), inherits })
    }
}

/// The state before a write of all that it changes; `None` for what did not exist.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Before {
    pub(in crate::policy) rules: BTreeMap<u32, Option<Rule>>,
    pub(in crate::policy) roles: BTreeMap<RoleName, Option<RoleState>>,
}

/// The descriptions that roles had before a write.
pub(crate) type Descriptions = BTreeMap<RoleName, String>;

impl Before {
    /// The state in `base` of what `next` has changed. `descriptions` are those of every changed role that exists
    /// in `base`: snapshots have none.
    pub(crate) fn of(
        base: &Snapshot,
        next: &Snapshot,
        changes: &[Change],
        mut descriptions: Descriptions,
    ) -> Self {
        let ids = changes.iter().filter_map(|change| match change {
            Change::RuleSet(rule) => Some(rule.id),
            Change::RuleRemoved { id } => Some(*id),
            Change::RoleSet { .. } | Change::RoleRemoved { .. } => None,
        });
        let differing = ids.filter(|id| base.rule(*id) != next.rule(*id));
        let rules = differing.map(|id| (id, base.rule(id).map(|rule| Rule::clone(rule)))).collect();
        let names: BTreeSet<RoleName> =
            changed_roles(changes).chain(descriptions.keys()).cloned().collect();
        let state = |name: &RoleName| {
            let inherits = base.inherits(name)?.to_vec();
            Some(RoleState { description: descriptions.remove(name).unwrap_or_default(), inherits })
        };
        let states: Vec<_> = names.iter().map(state).collect();
        Self { rules, roles: names.into_iter().zip(states).collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.roles.is_empty()
    }
}

/// Adds the descriptions of roles that the write changes without changing their descriptions.
pub(crate) async fn add_descriptions(
    db: &mut PgConnection,
    base: &Snapshot,
    changes: &[Change],
    descriptions: &mut Descriptions,
) -> sqlx::Result<()> {
    let missing = |name: &&RoleName| base.has_role(name) && !descriptions.contains_key(*name);
    let missing: Vec<&RoleName> = changed_roles(changes).filter(missing).collect();
    if !missing.is_empty() {
        descriptions.extend(roles::descriptions(db, &missing).await?);
    }
    Ok(())
}

fn changed_roles(changes: &[Change]) -> impl Iterator<Item = &RoleName> {
    changes.iter().filter_map(|change| match change {
        Change::RoleSet { name, .. } | Change::RoleRemoved { name } => Some(name),
        Change::RuleSet(_) | Change::RuleRemoved { .. } => None,
    })
}
