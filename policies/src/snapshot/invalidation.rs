//! The verdicts that a write invalidates.

use std::sync::Arc;

use super::Snapshot;
use crate::classes::ClassId;
use crate::names::RoleName;
use crate::policy::{Change, Policy};
use crate::roles::RoleId;
use crate::rule::Rule;
use crate::table::RowUpdate;

/// What a write invalidates: verdicts to which a created, changed or deleted rule applies, and all
/// verdicts of roles whose inheritance changes.
pub(super) struct Invalidation<'a> {
    policy: &'a Policy,
    rules: Vec<ChangedRule>,
    roles: Vec<RoleId>,
}

/// A rule before or after the write.
struct ChangedRule {
    rule: Arc<Rule>,
    /// The roles to which the rule applies.
    roles: Vec<RoleId>,
    /// The resource classes that the rule covers.
    classes: Vec<ClassId>,
}

impl<'a> Invalidation<'a> {
    pub(super) fn new(old: &Snapshot, policy: &'a Policy, changes: &[Change]) -> Self {
        let mut invalidation = Self { policy, rules: Vec::new(), roles: Vec::new() };
        for change in changes {
            match change {
                Change::RuleSet(rule) => {
                    invalidation.add_rule(&Arc::new(rule.clone()));
                    invalidation.add_old_rule(old, rule.id);
                }
                Change::RuleRemoved { id } => invalidation.add_old_rule(old, *id),
                Change::RoleSet { name, .. } | Change::RoleRemoved { name } => {
                    invalidation.roles.extend(descendants(policy, name));
                }
            }
        }
        invalidation
    }

    fn add_old_rule(&mut self, old: &Snapshot, id: u32) {
        if let Some(rule) = old.policy.rules.get(&id) {
            self.add_rule(rule);
        }
    }

    fn add_rule(&mut self, rule: &Arc<Rule>) {
        self.rules.push(ChangedRule {
            rule: Arc::clone(rule),
            roles: descendants(self.policy, &rule.role),
            classes: self.policy.resources.within(rule.resource.pattern()),
        });
    }

    pub(super) fn row_update(&self, role: RoleId, action: ClassId) -> RowUpdate {
        let Some(action) = self.policy.actions.iter().find(|class| class.id == action) else {
            return RowUpdate::Drop;
        };
        if self.roles.contains(&role) || self.policy.roles.by_id(role).is_none() {
            return RowUpdate::Drop;
        }
        let mut stale = Vec::new();
        for changed in &self.rules {
            let applies = changed.rule.action.pattern().covers(action.text);
            if applies && changed.roles.contains(&role) {
                stale.extend_from_slice(&changed.classes);
            }
        }
        if stale.is_empty() { RowUpdate::Keep } else { RowUpdate::Invalidate(stale) }
    }
}

/// The role itself and every role that inherits it.
fn descendants(policy: &Policy, name: &RoleName) -> Vec<RoleId> {
    let Some(id) = policy.roles.get(name.as_str()).map(|role| role.id) else { return Vec::new() };
    policy.roles.iter().filter(|role| role.closure.contains(&id)).map(|role| role.id).collect()
}
