//! Roles and their inheritance.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::description::Description;
use crate::error::PolicyError;
use crate::names::RoleName;

/// Number of a role, never reused for another name.
pub(crate) type RoleId = u32;

/// A set of roles that is small enough to be stored with every name. Roles share its bits, so that it may seem
/// to have roles in common with another set that it has not; never the other way around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct RoleBits(u32);

impl RoleBits {
    pub(crate) fn of(role: RoleId) -> Self {
        Self(1 << (role % u32::BITS))
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn may_intersect(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl FromIterator<RoleBits> for RoleBits {
    fn from_iter<I: IntoIterator<Item = Self>>(sets: I) -> Self {
        sets.into_iter().fold(Self::default(), Self::with)
    }
}

/// Maximum number of links between a role and one that it inherits. Casbin follows 8 links, the first
/// of which leads from the caller to their role.
pub const MAX_INHERITANCE_DEPTH: usize = 7;

/// A role as it is written: its name, the roles that it inherits directly, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleDefinition {
    /// Name of the role.
    pub name: RoleName,
    /// The roles that it inherits directly.
    pub inherits: Vec<RoleName>,
    /// What the role is for. Snapshots do not have it.
    pub description: Description,
}

#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) id: RoleId,
    pub(crate) name: RoleName,
    pub(crate) inherits: Vec<RoleName>,
    /// The role itself and everything that it inherits.
    pub(crate) closure: Arc<[RoleId]>,
}

impl Role {
    /// The roles of the closure.
    pub(crate) fn bits(&self) -> RoleBits {
        self.closure.iter().copied().map(RoleBits::of).collect()
    }
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

    /// Number of role ids allocated so far.
    pub(crate) fn allocated(&self) -> u32 {
        self.next
    }

    /// Adds a role, or replaces its inheritance. Closures are valid only after [`Self::resolve`].
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

    /// Computes every closure. Rejects cycles, chains that are too long, and unknown roles.
    pub(crate) fn resolve(&mut self) -> Result<(), PolicyError> {
        let mut reaches = HashMap::new();
        for role in self.by_name.values() {
            check_inheritance(role)?;
            self.walk(&role.name, &mut Vec::new(), &mut reaches)?;
        }
        let closures: HashMap<RoleId, Arc<[RoleId]>> =
            reaches.into_values().map(|reach| (reach.id, reach.closure.into())).collect();
        for role in self.by_name.values_mut() {
            if let Some(closure) = closures.get(&role.id) {
                role.closure = Arc::clone(closure);
            }
        }
        Ok(())
    }

    /// Visits each role once, depth first; `trail` is the chain from the start to `name`. Returns the
    /// number of links in the longest chain from `name`.
    fn walk<'a>(
        &'a self,
        name: &'a RoleName,
        trail: &mut Vec<&'a RoleName>,
        reaches: &mut HashMap<&'a RoleName, Reach>,
    ) -> Result<usize, PolicyError> {
        let Some(role) = self.by_name.get(name) else {
            return Err(PolicyError::UnknownRole(name.clone()));
        };
        if trail.contains(&name) {
            return Err(PolicyError::InheritanceCycle(name.clone()));
        }
        let known = reaches.get(name).map(|reach| reach.links);
        if trail.len() + known.unwrap_or(0) > MAX_INHERITANCE_DEPTH {
            return Err(PolicyError::InheritanceTooDeep(name.clone()));
        }
        if let Some(links) = known {
            return Ok(links);
        }
        trail.push(name);
        let mut reach = Reach { id: role.id, links: 0, closure: vec![role.id] };
        for parent in &role.inherits {
            reach.links = reach.links.max(1 + self.walk(parent, trail, reaches)?);
            reach.closure.extend(reaches.get(parent).iter().flat_map(|parent| &parent.closure));
        }
        trail.pop();
        reach.closure.sort_unstable();
        reach.closure.dedup();
        let links = reach.links;
        reaches.insert(name, reach);
        Ok(links)
    }

    /// A shortest path from one of `held` to `target`, both included; empty if there is none.
    pub(crate) fn inheritance_path(&self, held: &[RoleName], target: &RoleName) -> Vec<RoleName> {
        let mut descendants: HashMap<&RoleName, Option<&RoleName>> = HashMap::new();
        let mut queue: VecDeque<&RoleName> = held.iter().collect();
        descendants.extend(held.iter().map(|name| (name, None)));
        while let Some(name) = queue.pop_front() {
            if name == target {
                let path =
                    std::iter::successors(Some(name), |name| descendants.get(name).copied()?);
                let mut path: Vec<RoleName> = path.cloned().collect();
                path.reverse();
                return path;
            }
            for next in self.by_name.get(name).iter().flat_map(|role| &role.inherits) {
                if !descendants.contains_key(next) {
                    descendants.insert(next, Some(name));
                    queue.push_back(next);
                }
            }
        }
        Vec::new()
    }
}

/// The result of visiting a role.
struct Reach {
    id: RoleId,
    /// Number of links in the longest chain from the role.
    links: usize,
    closure: Vec<RoleId>,
}

/// Built-in roles inherit nothing, and no role inherits `superuser`.
fn check_inheritance(role: &Role) -> Result<(), PolicyError> {
    if role.name.is_builtin() && !role.inherits.is_empty() {
        return Err(PolicyError::BuiltinRole(role.name.clone()));
    }
    if role.inherits.contains(&RoleName::superuser()) {
        return Err(PolicyError::InheritsSuperuser(role.name.clone()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> RoleName {
        RoleName::parse(text).unwrap()
    }

    fn roles(links: &[(&str, &[&str])]) -> Result<Roles, PolicyError> {
        let mut roles = Roles::default();
        for (role, inherits) in links {
            roles.set(&name(role), &inherits.iter().copied().map(name).collect::<Vec<_>>());
        }
        roles.resolve().map(|()| roles)
    }

    #[test]
    fn inheritance_is_at_most_seven_links_deep_wherever_the_walk_starts() {
        let names: Vec<String> = (0..=MAX_INHERITANCE_DEPTH + 1).map(|n| format!("r{n}")).collect();
        for at in 0..100 {
            let chain = |length: usize| {
                let mut roles = Roles::default();
                // The start depends on hashing, and on the order in which roles are written.
                for n in (0..=length).cycle().skip(at).take(length + 1) {
                    let next: Vec<_> =
                        names[n + 1..=length].first().map(|n| name(n)).into_iter().collect();
                    roles.set(&name(&names[n]), &next);
                }
                roles.resolve().map(|()| roles)
            };
            let deepest = chain(MAX_INHERITANCE_DEPTH).unwrap();
            assert_eq!(deepest.get("r0").unwrap().closure.len(), MAX_INHERITANCE_DEPTH + 1);
            assert!(matches!(
                chain(MAX_INHERITANCE_DEPTH + 1),
                Err(PolicyError::InheritanceTooDeep(_))
            ));
        }
    }

    #[test]
    fn cycles_unknown_roles_and_inheriting_superuser_are_rejected() {
        let error = |links| roles(links).unwrap_err();
        assert!(matches!(error(&[("a", &["b"]), ("b", &["a"])]), PolicyError::InheritanceCycle(_)));
        assert!(matches!(error(&[("a", &["a"])]), PolicyError::InheritanceCycle(_)));
        assert_eq!(error(&[("a", &["b"])]), PolicyError::UnknownRole(name("b")));
        let superuser: &[(&str, &[&str])] = &[("a", &["superuser"]), ("superuser", &[])];
        assert_eq!(error(superuser), PolicyError::InheritsSuperuser(name("a")));
        let builtin: &[(&str, &[&str])] = &[("a", &[]), ("anonymous", &["a"])];
        assert_eq!(error(builtin), PolicyError::BuiltinRole(name("anonymous")));
    }

    #[test]
    fn a_role_on_many_paths_is_visited_once() {
        let layer = |n: usize| -> Vec<String> { (0..30).map(|i| format!("l{n}-{i}")).collect() };
        let mut wide = Roles::default();
        for n in 0..MAX_INHERITANCE_DEPTH {
            let next: Vec<RoleName> = layer(n + 1).iter().map(|role| name(role)).collect();
            for role in layer(n) {
                wide.set(&name(&role), &next);
            }
        }
        for role in layer(MAX_INHERITANCE_DEPTH) {
            wide.set(&name(&role), &[]);
        }
        wide.resolve().unwrap();
        assert_eq!(wide.get("l0-0").unwrap().closure.len(), 1 + 30 * MAX_INHERITANCE_DEPTH);
        assert_eq!(
            wide.inheritance_path(&[name("l0-0")], &name("l7-29")).len(),
            MAX_INHERITANCE_DEPTH + 1
        );
        assert!(wide.inheritance_path(&[name("l1-0")], &name("l0-0")).is_empty());
    }
}
