//! Roles and what they inherit.

use std::collections::{HashMap, VecDeque};
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

    /// Depth first, each role once; `trail` is the chain from the role asked for. Gives the links
    /// of the longest chain from `name`.
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
            return Err(PolicyError::Cycle(name.clone()));
        }
        let known = reaches.get(name).map(|reach| reach.links);
        if trail.len() + known.unwrap_or(0) > LONGEST_CHAIN {
            return Err(PolicyError::ChainTooLong(name.clone()));
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

    /// A shortest way from one of `held` to `target`: the role held, …, the target.
    pub(crate) fn path(&self, held: &[RoleName], target: &RoleName) -> Vec<RoleName> {
        let mut heirs: HashMap<&RoleName, Option<&RoleName>> = HashMap::new();
        let mut queue: VecDeque<&RoleName> = held.iter().collect();
        heirs.extend(held.iter().map(|name| (name, None)));
        while let Some(name) = queue.pop_front() {
            if name == target {
                let way = std::iter::successors(Some(name), |name| heirs.get(name).copied()?);
                let mut way: Vec<RoleName> = way.cloned().collect();
                way.reverse();
                return way;
            }
            for next in self.by_name.get(name).iter().flat_map(|role| &role.inherits) {
                if !heirs.contains_key(next) {
                    heirs.insert(next, Some(name));
                    queue.push_back(next);
                }
            }
        }
        Vec::new()
    }
}

/// What a walk found out about a role.
struct Reach {
    id: RoleId,
    /// Links of the longest chain from it.
    links: usize,
    closure: Vec<RoleId>,
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
        roles.link().map(|()| roles)
    }

    #[test]
    fn a_chain_has_seven_links_at_most_from_wherever_it_is_walked() {
        let names: Vec<String> = (0..=LONGEST_CHAIN + 1).map(|n| format!("r{n}")).collect();
        for at in 0..100 {
            let chain = |length: usize| {
                let mut roles = Roles::default();
                // Hashing starts the walk anywhere; so does the order of writing.
                for n in (0..=length).cycle().skip(at).take(length + 1) {
                    let next: Vec<_> =
                        names[n + 1..=length].first().map(|n| name(n)).into_iter().collect();
                    roles.set(&name(&names[n]), &next);
                }
                roles.link().map(|()| roles)
            };
            let longest = chain(LONGEST_CHAIN).unwrap();
            assert_eq!(longest.get("r0").unwrap().closure.len(), LONGEST_CHAIN + 1);
            assert!(matches!(chain(LONGEST_CHAIN + 1), Err(PolicyError::ChainTooLong(_))));
        }
    }

    #[test]
    fn circles_strangers_and_heirs_of_the_superuser_are_refused() {
        let error = |links| roles(links).unwrap_err();
        assert!(matches!(error(&[("a", &["b"]), ("b", &["a"])]), PolicyError::Cycle(_)));
        assert!(matches!(error(&[("a", &["a"])]), PolicyError::Cycle(_)));
        assert_eq!(error(&[("a", &["b"])]), PolicyError::UnknownRole(name("b")));
        let superuser: &[(&str, &[&str])] = &[("a", &["superuser"]), ("superuser", &[])];
        assert_eq!(error(superuser), PolicyError::InheritsSuperuser(name("a")));
        let builtin: &[(&str, &[&str])] = &[("a", &[]), ("anonymous", &["a"])];
        assert_eq!(error(builtin), PolicyError::BuiltinImmutable("anonymous".into()));
    }

    #[test]
    fn many_ways_to_a_role_are_walked_once() {
        let layer = |n: usize| -> Vec<String> { (0..30).map(|i| format!("l{n}-{i}")).collect() };
        let mut wide = Roles::default();
        for n in 0..LONGEST_CHAIN {
            let next: Vec<RoleName> = layer(n + 1).iter().map(|role| name(role)).collect();
            for role in layer(n) {
                wide.set(&name(&role), &next);
            }
        }
        for role in layer(LONGEST_CHAIN) {
            wide.set(&name(&role), &[]);
        }
        wide.link().unwrap();
        assert_eq!(wide.get("l0-0").unwrap().closure.len(), 1 + 30 * LONGEST_CHAIN);
        assert_eq!(wide.path(&[name("l0-0")], &name("l7-29")).len(), LONGEST_CHAIN + 1);
        assert!(wide.path(&[name("l1-0")], &name("l0-0")).is_empty());
    }
}
