//! Roles and what they inherit.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::change::PolicyError;
use crate::names::RoleName;

/// Number of a role, never used again for another name.
pub(crate) type RoleId = u32;

/// Most links between a role and one that it inherits: casbin's walk ends at 8, and the first
/// link is the one from the caller to its role.
pub const LONGEST_CHAIN: usize = 7;

#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) id: RoleId,
    pub(crate) name: RoleName,
    pub(crate) inherits: Vec<RoleName>,
    /// The role itself and everything that it inherits.
    pub(crate) closure: Arc<[RoleId]>,
}

/// All roles of one snapshot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roles {
    by_name: HashMap<RoleName, Role, RandomState>,
    names: HashMap<RoleId, RoleName, RandomState>,
    next: RoleId,
}

impl Roles {
    pub(crate) fn get(&self, name: &str) -> Option<&Role> {
        self.by_name.get(name)
    }

    pub(crate) fn by_id(&self, id: RoleId) -> Option<&Role> {
        self.by_name.get(self.names.get(&id)?)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Role> {
        self.by_name.values()
    }

    /// Role numbers handed out so far.
    pub(crate) fn issued(&self) -> u32 {
        self.next
    }

    /// Adds a role, or changes what it inherits. Closures count only after [`Self::link`].
    pub(crate) fn set(&mut self, name: &RoleName, inherits: &[RoleName]) {
        let id = self.by_name.get(name).map_or(self.next, |role| role.id);
        if id == self.next {
            self.next += 1;
        }
        let mut inherits = inherits.to_vec();
        inherits.sort();
        inherits.dedup();
        let role = Role { id, name: name.clone(), inherits, closure: Arc::new([id]) };
        self.names.insert(id, name.clone());
        self.by_name.insert(name.clone(), role);
    }

    pub(crate) fn remove(&mut self, name: &RoleName) {
        if let Some(role) = self.by_name.remove(name) {
            self.names.remove(&role.id);
        }
    }

    /// Works out every closure again, and refuses cycles, long chains and unknown roles.
    pub(crate) fn link(&mut self) -> Result<(), PolicyError> {
        let mut closures = HashMap::new();
        for role in self.by_name.values() {
            check_inheritance(role)?;
            let mut trail = Vec::new();
            let mut closure = Vec::new();
            self.walk(&role.name, &mut trail, &mut closure)?;
            closure.sort_unstable();
            closure.dedup();
            closures.insert(role.name.clone(), closure);
        }
        for (name, closure) in closures {
            if let Some(role) = self.by_name.get_mut(&name) {
                role.closure = closure.into();
            }
        }
        Ok(())
    }

    /// Depth first; `trail` is the chain from the role asked for.
    fn walk<'a>(
        &'a self,
        name: &'a RoleName,
        trail: &mut Vec<&'a RoleName>,
        closure: &mut Vec<RoleId>,
    ) -> Result<(), PolicyError> {
        let Some(role) = self.by_name.get(name) else {
            return Err(PolicyError::UnknownRole(name.clone()));
        };
        if trail.contains(&name) {
            return Err(PolicyError::Cycle(name.clone()));
        }
        if trail.len() > LONGEST_CHAIN {
            return Err(PolicyError::ChainTooLong(name.clone()));
        }
        trail.push(name);
        closure.push(role.id);
        for parent in &role.inherits {
            self.walk(parent, trail, closure)?;
        }
        trail.pop();
        Ok(())
    }

    /// The way from one of `held` to `target`: the role held, …, the target.
    pub(crate) fn path(&self, held: &[RoleName], target: &RoleName) -> Vec<RoleName> {
        let mut ways: Vec<Vec<&RoleName>> = held.iter().map(|name| vec![name]).collect();
        for _ in 0..=LONGEST_CHAIN {
            if let Some(way) = ways.iter().find(|way| way.last() == Some(&target)) {
                return way.iter().copied().cloned().collect();
            }
            ways = ways
                .iter()
                .filter_map(|way| Some((way, self.by_name.get(*way.last()?)?)))
                .flat_map(|(way, role)| {
                    role.inherits.iter().map(move |next| {
                        let mut longer = way.clone();
                        longer.push(next);
                        longer
                    })
                })
                .collect();
        }
        Vec::new()
    }
}

/// Built-in roles inherit nothing, and nobody inherits `superuser`.
fn check_inheritance(role: &Role) -> Result<(), PolicyError> {
    if role.name.is_builtin() && !role.inherits.is_empty() {
        return Err(PolicyError::BuiltinImmutable(role.name.to_string()));
    }
    if role.inherits.contains(&RoleName::superuser()) {
        return Err(PolicyError::InheritsSuperuser(role.name.clone()));
    }
    Ok(())
}
