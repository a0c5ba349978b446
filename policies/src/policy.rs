//! What a policy consists of, and its rules by role and resource.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use smallvec::SmallVec;

use crate::change::{Change, PolicyError};
use crate::classes::{ClassId, Classes};
use crate::limits;
use crate::names::RoleName;
use crate::roles::{RoleId, Roles};
use crate::rule::{Rule, Verdict};
use crate::table::Extent;

type RuleIds = SmallVec<[u32; 4]>;

/// Roles and rules, indexed. Built once per write, then never changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    pub(crate) roles: Roles,
    pub(crate) rules: HashMap<u32, Arc<Rule>, RandomState>,
    pub(crate) resources: Classes,
    pub(crate) actions: Classes,
    /// Rules of a role that name exactly this resource pattern.
    by_place: HashMap<(RoleId, ClassId), RuleIds, RandomState>,
}

impl Policy {
    /// Applies changes; on an error the policy is half changed and must be dropped.
    pub(crate) fn apply(&mut self, changes: &[Change]) -> Result<(), PolicyError> {
        for change in changes {
            match change {
                Change::RoleSet { name, inherits } => self.roles.set(name, inherits),
                Change::RoleRemoved { name } => self.remove_role(name)?,
                Change::RuleSet(rule) => self.set_rule(rule)?,
                Change::RuleRemoved { id } => self.remove_rule(*id)?,
            }
        }
        self.roles.link()?;
        limits::check(self, changes)
    }

    fn set_rule(&mut self, rule: &Rule) -> Result<(), PolicyError> {
        self.check_rule(rule)?;
        self.unindex(rule.id);
        let Some(subject) = self.roles.get(rule.role.as_str()).map(|role| role.id) else {
            return Err(PolicyError::UnknownRole(rule.role.clone()));
        };
        let class = self.resources.add(rule.resource.pattern());
        self.actions.add(rule.action.pattern());
        self.by_place.entry((subject, class)).or_default().push(rule.id);
        self.rules.insert(rule.id, Arc::new(rule.clone()));
        Ok(())
    }

    fn check_rule(&self, rule: &Rule) -> Result<(), PolicyError> {
        if self.rules.get(&rule.id).is_some_and(|old| old.is_builtin() && **old != *rule) {
            return Err(PolicyError::BuiltinImmutable("the superuser's rule".into()));
        }
        rule.check()
    }

    fn remove_rule(&mut self, id: u32) -> Result<(), PolicyError> {
        if self.rules.get(&id).is_some_and(|rule| rule.is_builtin()) {
            return Err(PolicyError::BuiltinImmutable("the superuser's rule".into()));
        }
        self.unindex(id);
        Ok(())
    }

    fn unindex(&mut self, id: u32) {
        let Some(rule) = self.rules.remove(&id) else { return };
        let place = self
            .roles
            .get(rule.role.as_str())
            .map(|role| role.id)
            .zip(self.resources.named(rule.resource.pattern()));
        if let Some(ids) = place.and_then(|place| self.by_place.get_mut(&place)) {
            ids.retain(|other| *other != id);
        }
        if let Some(place) = place.filter(|p| self.by_place.get(p).is_some_and(SmallVec::is_empty))
        {
            self.by_place.remove(&place);
        }
        self.resources.remove(rule.resource.pattern());
        self.actions.remove(rule.action.pattern());
    }

    fn remove_role(&mut self, name: &RoleName) -> Result<(), PolicyError> {
        if name.is_builtin() {
            return Err(PolicyError::BuiltinImmutable(name.to_string()));
        }
        if let Some(rule) = self.rules.values().find(|rule| rule.role == *name) {
            return Err(PolicyError::RoleInUse(name.clone(), format!("rule {}", rule.id)));
        }
        if let Some(heir) = self.roles.iter().find(|role| role.inherits.contains(name)) {
            return Err(PolicyError::RoleInUse(name.clone(), format!("role {}", heir.name)));
        }
        self.roles.remove(name);
        Ok(())
    }

    pub(crate) fn extent(&self) -> Extent {
        Extent {
            roles: self.roles.issued(),
            actions: self.actions.issued(),
            resources: self.resources.issued(),
        }
    }

    /// The rules that can apply when a caller with this role asks, in rule order.
    pub(crate) fn applicable(&self, role: RoleId, resource: &str, action: &str) -> Vec<&Arc<Rule>> {
        let Some(role) = self.roles.by_id(role) else { return Vec::new() };
        let mut rules: Vec<&Arc<Rule>> = Vec::new();
        for class in self.resources.covering(resource) {
            for &id in role.closure.iter() {
                let Some(ids) = self.by_place.get(&(id, class)) else { continue };
                rules.extend(ids.iter().filter_map(|id| self.rules.get(id)));
            }
        }
        rules.retain(|rule| rule.action.pattern().covers(action));
        rules.sort_unstable_by_key(|rule| Verdict::of(rule));
        rules
    }

    /// Links of everything that the role inherits.
    pub(crate) fn links(&self, role: RoleId) -> Vec<(&RoleName, &RoleName)> {
        let Some(role) = self.roles.by_id(role) else { return Vec::new() };
        let closure = role.closure.iter().filter_map(|&id| self.roles.by_id(id));
        closure.flat_map(|role| role.inherits.iter().map(|next| (&role.name, next))).collect()
    }
}
