//! Roles as a snapshot knows them.

use smallvec::SmallVec;

use super::Snapshot;
use crate::names::{ANONYMOUS, RoleName};
use crate::roles::RoleId;

/// A caller's roles as this snapshot knows them, `anonymous` always among them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleSet(pub(crate) SmallVec<[RoleId; 4]>);

impl Snapshot {
    /// The caller's roles, for questions to this snapshot only. Unknown names count for nothing.
    #[must_use]
    pub fn role_set<'a>(&self, roles: impl IntoIterator<Item = &'a RoleName>) -> RoleSet {
        let ids = roles.into_iter().filter_map(|name| self.policy.roles.get(name.as_str()));
        let anonymous = self.policy.roles.get(ANONYMOUS);
        let mut set: SmallVec<[RoleId; 4]> =
            anonymous.into_iter().chain(ids).map(|r| r.id).collect();
        set.sort_unstable();
        set.dedup();
        RoleSet(set)
    }

    /// Every role but the built-in ones, by name, with what it inherits directly.
    #[must_use]
    pub fn declared_roles(&self) -> Vec<(RoleName, Vec<RoleName>)> {
        let declared = self.policy.roles.iter().filter(|role| !role.name.is_builtin());
        let mut roles: Vec<_> =
            declared.map(|role| (role.name.clone(), role.inherits.clone())).collect();
        roles.sort();
        roles
    }

    /// True when the role is there.
    #[must_use]
    pub fn has_role(&self, name: &RoleName) -> bool {
        self.policy.roles.get(name.as_str()).is_some()
    }

    /// The role and everything that it inherits, sorted.
    #[must_use]
    pub fn inherited(&self, name: &RoleName) -> Vec<RoleName> {
        let Some(role) = self.policy.roles.get(name.as_str()) else { return Vec::new() };
        let known = role.closure.iter().filter_map(|&id| self.policy.roles.by_id(id));
        let mut names: Vec<RoleName> = known.map(|role| role.name.clone()).collect();
        names.sort();
        names
    }

    /// True when giving the role to somebody needs a superuser: it reaches a rule on the server's
    /// own routes or on everything, or it is `superuser`.
    #[must_use]
    pub fn is_privileged(&self, name: &RoleName) -> bool {
        let reached = self.inherited(name);
        *name == RoleName::superuser()
            || self.rules().any(|rule| rule.is_privileged() && reached.contains(&rule.role))
    }

    /// How a caller with `held` roles comes to have `target`: the role held, …, the target.
    #[must_use]
    pub fn path(&self, held: &[RoleName], target: &RoleName) -> Vec<RoleName> {
        self.policy.roles.path(held, target)
    }
}
