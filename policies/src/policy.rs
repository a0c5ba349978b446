//! The content of a policy and the changes to it, with rules indexed by role and resource.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::action::Action;
use crate::classes::{ClassId, Classes};
use crate::copied_map::CopiedMap;
use crate::error::PolicyError;
use crate::facts::{is_uncertain, starts_uncertain};
use crate::limits;
use crate::names::{LABEL, RoleName};
use crate::pattern::Pattern;
use crate::roles::{RoleId, Roles};
use crate::rule::{Rule, Verdict};
use crate::table::Extent;

/// One change to a policy, in the format of the journal. The changes of one write are applied
/// together or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// Creates a role, or replaces its inheritance.
    RoleSet {
        /// Name of the role.
        name: RoleName,
        /// The roles that it inherits directly.
        inherits: Vec<RoleName>,
    },
    /// Deletes a role.
    RoleRemoved {
        /// Name of the role.
        name: RoleName,
    },
    /// Creates a rule, or replaces the one with the same id.
    RuleSet(Rule),
    /// Deletes a rule.
    RuleRemoved {
        /// Id of the rule.
        id: u32,
    },
}

type RuleIds = SmallVec<[u32; 4]>;

/// Roles and rules with their indexes. Each write changes a copy, then it is immutable.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    pub(crate) roles: Roles,
    pub(crate) rules: CopiedMap<u32, Arc<Rule>>,
    pub(crate) resources: Classes,
    pub(crate) actions: Classes,
    /// The rules of a role whose resource is exactly this pattern.
    rules_by_resource: CopiedMap<(RoleId, ClassId), RuleIds>,
    /// Number of rules on resources of a type, except for those on the whole type or on several.
    rules_of_type: HashMap<SmolStr, u32, RandomState>,
    /// Number of rules that tell labels of uncertain text from others.
    rules_on_uncertain_labels: u32,
}

impl Policy {
    /// Applies changes. After an error the policy is partly changed and must be dropped.
    pub(crate) fn apply(&mut self, changes: &[Change]) -> Result<(), PolicyError> {
        for change in changes {
            match change {
                Change::RoleSet { name, inherits } => self.roles.set(name, inherits),
                Change::RoleRemoved { name } => self.remove_role(name)?,
                Change::RuleSet(rule) => self.set_rule(rule)?,
                Change::RuleRemoved { id } => self.remove_rule(*id)?,
            }
        }
        self.roles.resolve()?;
        limits::check(self, changes)
    }

    fn set_rule(&mut self, rule: &Rule) -> Result<(), PolicyError> {
        if self.rules.get(&rule.id).is_some_and(|old| old.is_builtin() && **old != *rule) {
            return Err(PolicyError::BuiltinRule);
        }
        rule.check()?;
        self.unindex(rule.id);
        let Some(subject) = self.roles.get(rule.role.as_str()).map(|role| role.id) else {
            return Err(PolicyError::UnknownRole(rule.role.clone()));
        };
        let class = self.resources.acquire(rule.resource.pattern(), subject);
        self.actions.acquire(rule.action.pattern(), subject);
        let mut ids = self.rules_by_resource.get(&(subject, class)).cloned().unwrap_or_default();
        ids.push(rule.id);
        self.rules_by_resource.insert((subject, class), ids);
        if let Some(kind) = rule.resource.kind() {
            *self.rules_of_type.entry(kind.into()).or_default() += 1;
        }
        self.rules_on_uncertain_labels += u32::from(tells_uncertain_labels(rule));
        self.rules.insert(rule.id, Arc::new(rule.clone()));
        Ok(())
    }

    fn remove_rule(&mut self, id: u32) -> Result<(), PolicyError> {
        if self.rules.get(&id).is_some_and(|rule| rule.is_builtin()) {
            return Err(PolicyError::BuiltinRule);
        }
        self.unindex(id);
        Ok(())
    }

    fn unindex(&mut self, id: u32) {
        let Some(rule) = self.rules.remove(&id) else { return };
        let subject = self.roles.get(rule.role.as_str()).map(|role| role.id);
        let class = self.resources.class_of_pattern(rule.resource.pattern());
        if let Some(key) = subject.zip(class)
            && let Some(mut ids) = self.rules_by_resource.remove(&key)
        {
            ids.retain(|other| *other != id);
            if !ids.is_empty() {
                self.rules_by_resource.insert(key, ids);
            }
        }
        if let Some(kind) = rule.resource.kind()
            && let Some(rules) = self.rules_of_type.get_mut(kind)
        {
            *rules -= 1;
            if *rules == 0 {
                self.rules_of_type.remove(kind);
            }
        }
        self.rules_on_uncertain_labels -= u32::from(tells_uncertain_labels(&rule));
        self.resources.release(rule.resource.pattern());
        self.actions.release(rule.action.pattern());
    }

    /// Whether a rule distinguishes resources of this type.
    pub(crate) fn names_resources_of(&self, kind: &str) -> bool {
        self.rules_of_type.contains_key(kind)
    }

    /// Whether a rule tells labels of uncertain text from others.
    pub(crate) fn tells_uncertain_labels(&self) -> bool {
        self.rules_on_uncertain_labels > 0
    }

    fn remove_role(&mut self, name: &RoleName) -> Result<(), PolicyError> {
        if name.is_builtin() {
            return Err(PolicyError::BuiltinRole(name.clone()));
        }
        if let Some(rule) = self.rules.values().find(|rule| rule.role == *name) {
            return Err(PolicyError::RoleUsedByRule { role: name.clone(), rule: rule.id });
        }
        if let Some(descendant) = self.roles.iter().find(|role| role.inherits.contains(name)) {
            let descendant = descendant.name.clone();
            return Err(PolicyError::RoleInherited { role: name.clone(), descendant });
        }
        self.roles.remove(name);
        Ok(())
    }

    pub(crate) fn extent(&self) -> Extent {
        Extent {
            roles: self.roles.allocated(),
            actions: self.actions.allocated(),
            resources: self.resources.allocated(),
        }
    }

    /// The classes of an action's names, sorted, each with one of its names: rules do not tell the others
    /// of a class apart.
    pub(crate) fn action_classes<'n>(
        &self,
        action: &'n Action,
    ) -> SmallVec<[(ClassId, &'n str); 2]> {
        let names = action.names();
        let mut classes: SmallVec<[(ClassId, &str); 2]> =
            names.filter_map(|name| Some((self.actions.class_of(name)?, name))).collect();
        classes.sort_unstable_by_key(|(class, _)| *class);
        classes.dedup_by_key(|(class, _)| *class);
        classes
    }

    /// The rules that can apply to a caller with this role, in rule order.
    pub(crate) fn applicable(&self, role: RoleId, resource: &str, action: &str) -> Vec<&Arc<Rule>> {
        let Some(role) = self.roles.by_id(role) else { return Vec::new() };
        let mut rules: Vec<&Arc<Rule>> = Vec::new();
        for class in self.resources.covering(resource) {
            rules.extend(role.closure.iter().flat_map(|&id| self.rules_on(id, class)));
        }
        rules.retain(|rule| rule.action.pattern().covers(action));
        rules.sort_unstable_by_key(|rule| Verdict::of(rule));
        rules
    }

    /// The rules of this role itself whose resource is the pattern of this class.
    pub(crate) fn rules_on(
        &self,
        role: RoleId,
        class: ClassId,
    ) -> impl Iterator<Item = &Arc<Rule>> {
        let ids = self.rules_by_resource.get(&(role, class)).into_iter().flatten();
        ids.filter_map(|id| self.rules.get(id))
    }

    /// The rules whose resources all belong to this pattern, in no particular order.
    pub(crate) fn rules_within(&self, pattern: &Pattern) -> Vec<&Arc<Rule>> {
        let classes = self.resources.within(pattern);
        let roles: Vec<RoleId> = self.roles.iter().map(|role| role.id).collect();
        if classes.len().saturating_mul(roles.len()) > self.rules.len() {
            let is_within = |rule: &&Arc<Rule>| pattern.includes(rule.resource.pattern());
            return self.rules.values().filter(is_within).collect();
        }
        let on = |class| roles.iter().flat_map(move |&role| self.rules_on(role, class));
        classes.into_iter().flat_map(on).collect()
    }

    /// The rules whose resource covers `name`, in no particular order.
    pub(crate) fn rules_covering<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Arc<Rule>> {
        let on = move |class| self.roles.iter().flat_map(move |role| self.rules_on(role.id, class));
        self.resources.covering(name).flat_map(on)
    }

    /// The inheritance links of the role and of everything that it inherits.
    pub(crate) fn links(&self, role: RoleId) -> Vec<(&RoleName, &RoleName)> {
        let Some(role) = self.roles.by_id(role) else { return Vec::new() };
        let closure = role.closure.iter().filter_map(|&id| self.roles.by_id(id));
        closure.flat_map(|role| role.inherits.iter().map(|next| (&role.name, next))).collect()
    }
}

/// Whether the rule is about some labels of uncertain text and not about all labels.
fn tells_uncertain_labels(rule: &Rule) -> bool {
    let pattern = rule.resource.pattern();
    match pattern.text().strip_prefix(LABEL) {
        None | Some("") => false,
        Some(start) if pattern.is_prefix() => starts_uncertain(start),
        Some(label) => is_uncertain(label),
    }
}
