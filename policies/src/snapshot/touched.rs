//! What stays of a table when the policy changes.

use std::sync::Arc;

use super::Snapshot;
use crate::change::Change;
use crate::classes::ClassId;
use crate::names::RoleName;
use crate::policy::Policy;
use crate::roles::RoleId;
use crate::rule::Rule;
use crate::table::Touch;

/// What a write touches: the rules that came, went or changed, and the roles whose inheritance did.
pub(super) struct Touched<'a> {
    policy: &'a Policy,
    /// Roles that reach the rule, the rule, and the classes that it covers.
    rules: Vec<(Vec<RoleId>, Arc<Rule>, Vec<ClassId>)>,
    roles: Vec<RoleId>,
}

impl<'a> Touched<'a> {
    pub(super) fn new(old: &Snapshot, policy: &'a Policy, changes: &[Change]) -> Self {
        let mut touched = Self { policy, rules: Vec::new(), roles: Vec::new() };
        for change in changes {
            match change {
                Change::RuleSet(rule) => {
                    touched.rule(&Arc::new(rule.clone()));
                    touched.rules_before(old, rule.id);
                }
                Change::RuleRemoved { id } => touched.rules_before(old, *id),
                Change::RoleSet { name, .. } | Change::RoleRemoved { name } => {
                    touched.roles.extend(heirs(policy, name));
                }
            }
        }
        touched
    }

    fn rules_before(&mut self, old: &Snapshot, id: u32) {
        if let Some(before) = old.policy.rules.get(&id) {
            self.rule(before);
        }
    }

    fn rule(&mut self, rule: &Arc<Rule>) {
        let classes = self.policy.resources.under(rule.resource.pattern());
        self.rules.push((heirs(self.policy, &rule.role), Arc::clone(rule), classes));
    }

    pub(super) fn row(&self, role: RoleId, action: ClassId) -> Touch {
        let Some(action) = self.policy.actions.iter().find(|named| named.id == action) else {
            return Touch::Drop;
        };
        if self.roles.contains(&role) || self.policy.roles.by_id(role).is_none() {
            return Touch::Drop;
        }
        let mut stale = Vec::new();
        for (heirs, rule, classes) in &self.rules {
            if heirs.contains(&role) && rule.action.pattern().covers(action.text) {
                stale.extend_from_slice(classes);
            }
        }
        if stale.is_empty() { Touch::Keep } else { Touch::Forget(stale) }
    }
}

/// Roles that have `name` among what they inherit, itself included.
fn heirs(policy: &Policy, name: &RoleName) -> Vec<RoleId> {
    let Some(id) = policy.roles.get(name.as_str()).map(|role| role.id) else { return Vec::new() };
    policy.roles.iter().filter(|role| role.closure.contains(&id)).map(|role| role.id).collect()
}
