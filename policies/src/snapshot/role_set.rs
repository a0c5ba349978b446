//! A snapshot's roles: role sets of callers, inheritance, privileges.

use smallvec::SmallVec;

use super::Snapshot;
use crate::description::Description;
use crate::names::{ANONYMOUS, RoleName};
use crate::roles::{RoleBits, RoleDefinition, RoleId};

/// A caller's roles in one snapshot, always including `anonymous`. Meaningful only for the snapshot that
/// made it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleSet {
    pub(crate) ids: SmallVec<[RoleId; 4]>,
    /// They and everything that they inherit.
    pub(crate) bits: RoleBits,
}

impl Snapshot {
    /// The role set of a caller with these roles, for decisions of this snapshot. Unknown roles are
    /// ignored.
    #[must_use]
    pub fn role_set<'a>(&self, roles: impl IntoIterator<Item = &'a RoleName>) -> RoleSet {
        let named = roles.into_iter().filter_map(|name| self.policy.roles.get(name.as_str()));
        let anonymous = self.policy.roles.get(ANONYMOUS);
        let mut set = RoleSet { ids: SmallVec::new(), bits: RoleBits::default() };
        for role in anonymous.into_iter().chain(named) {
            set.ids.push(role.id);
            set.bits = set.bits.with(role.bits());
        }
        set.ids.sort_unstable();
        set.ids.dedup();
        set
    }

    /// All roles except the built-in ones, sorted by name, without descriptions.
    #[must_use]
    pub fn defined_roles(&self) -> Vec<RoleDefinition> {
        let defined = self.policy.roles.iter().filter(|role| !role.name.is_builtin());
        let mut roles: Vec<RoleDefinition> = defined
            .map(|role| RoleDefinition {
                name: role.name.clone(),
                inherits: role.inherits.clone(),
                description: Description::default(),
            })
            .collect();
        roles.sort();
        roles
    }

    /// Whether the role exists.
    #[must_use]
    pub fn has_role(&self, name: &RoleName) -> bool {
        self.policy.roles.get(name.as_str()).is_some()
    }

    /// The roles that the role inherits directly, sorted; `None` if the role does not exist.
    #[must_use]
    pub fn inherits(&self, name: &RoleName) -> Option<&[RoleName]> {
        self.policy.roles.get(name.as_str()).map(|role| role.inherits.as_slice())
    }

    /// The role and everything that it inherits, sorted; empty if the role does not exist.
    #[must_use]
    pub fn inherited(&self, name: &RoleName) -> Vec<RoleName> {
        let Some(role) = self.policy.roles.get(name.as_str()) else { return Vec::new() };
        let roles = role.closure.iter().filter_map(|&id| self.policy.roles.by_id(id));
        let mut names: Vec<RoleName> = roles.map(|role| role.name.clone()).collect();
        names.sort();
        names
    }

    /// Whether only a superuser may grant the role: it is `superuser`, or a rule on the server's own
    /// routes or on everything applies to it.
    #[must_use]
    pub fn is_privileged(&self, name: &RoleName) -> bool {
        let inherited = self.inherited(name);
        *name == RoleName::superuser()
            || self.rules().any(|rule| rule.is_privileged() && inherited.contains(&rule.role))
    }

    /// The inheritance path from one of the caller's roles to `target`, both included; empty if there
    /// is none.
    #[must_use]
    pub fn inheritance_path(&self, held: &[RoleName], target: &RoleName) -> Vec<RoleName> {
        self.policy.roles.inheritance_path(held, target)
    }
}
