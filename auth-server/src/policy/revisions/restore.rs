//! Restoring an earlier revision: rules, inheritance and descriptions as they were, in one write.

use std::collections::HashMap;
use std::sync::Arc;

use policies::{Change, RoleName, Rule, Snapshot, csv};
use serde::{Deserialize, Serialize};

use super::before::RoleState;
use super::difference::{Changed, Difference};
use super::state::{PolicyState, Since};
use crate::audit::{Actor, AuditRecord};
use crate::http::problem::Problem;
use crate::policy::roles::StoredRole;
use crate::policy::warning::PolicyWarning;
use crate::policy::write::PolicyWrite;
use crate::policy::{PolicyLoadError, grants, roles, rules};

/// A role that did not exist at the restored revision, and remains because users have it. Then it gave them
/// nothing; now it has no rules and inherits nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, poem_openapi::Object)]
pub(crate) struct KeptRole {
    /// Name of the role.
    pub role: String,
    /// Number of users who have it.
    pub users: i64,
}

/// The result of a restoration.
#[derive(Clone, Debug, Default, Serialize, Deserialize, poem_openapi::Object)]
pub(crate) struct RestoredPolicy {
    /// The policy revision now; `at_least` of a check waits for it.
    pub revision: i64,
    /// The revision whose rules and roles were restored.
    pub restored: i64,
    /// Number of rules that were created, changed or deleted.
    pub changed_rules: usize,
    /// Number of roles that were created, changed or deleted.
    pub changed_roles: usize,
    /// Roles that did not exist then, and remain because users have them.
    pub kept_roles: Vec<KeptRole>,
    /// What the restoration probably makes a mistake.
    #[serde(default)]
    pub warnings: Vec<PolicyWarning>,
}

/// What a restoration is about to change.
pub(crate) struct Restoration {
    /// The revision to restore.
    revision: i64,
    pub(crate) difference: Difference,
    /// Roles that did not exist then, and remain because users have them.
    pub(crate) kept: Vec<KeptRole>,
    /// The policy as text, before and after.
    pub(crate) before: String,
    pub(crate) after: String,
}

impl Restoration {
    /// What restoring `revision` changes.
    ///
    /// # Errors
    /// [`crate::policy::REVISION`], among others.
    pub(crate) async fn plan(write: &mut PolicyWrite<'_>, revision: i64) -> Result<Self, Problem> {
        let since = Since::read(write.db(), revision).await?;
        let created: Vec<&RoleName> =
            since.roles.iter().filter(|(_, state)| state.is_none()).map(|(name, _)| name).collect();
        let users = grants::count_users(write.db(), &created).await?;
        let stored = roles::page(write.db(), "", i64::MAX).await?;
        let base = write.shared_base();
        let plan = move || Self::between(&base, &stored, since, &users, revision);
        Ok(tokio::task::spawn_blocking(plan).await??)
    }

    /// `users` counts the users of the roles that did not exist at `revision`.
    fn between(
        base: &Arc<Snapshot>,
        stored: &[StoredRole],
        since: Since,
        users: &HashMap<RoleName, i64>,
        revision: i64,
    ) -> Result<Self, PolicyLoadError> {
        let present = PolicyState::of(base.rules().map(|rule| Rule::clone(rule)), stored)?;
        let mut target = present.clone().rewound(since);
        let builtin = present.rules.values().filter(|rule| rule.is_builtin());
        target.rules.extend(builtin.map(|rule| (rule.id, rule.clone())));
        let mut kept = Vec::new();
        for (name, state) in &present.roles {
            let Some(&users) = users.get(name) else { continue };
            let RoleState { description, .. } = state.clone();
            target.roles.insert(name.clone(), RoleState { description, inherits: Vec::new() });
            kept.push(KeptRole { role: name.to_string(), users });
        }
        let (before, after) = (csv::write(&present.document()), csv::write(&target.document()));
        let difference = Difference::between(&present, &target);
        Ok(Self { revision, difference, kept, before, after })
    }

    /// Makes the changes. One audit record has the policy before and after; if there is nothing to change, the
    /// revision stays.
    ///
    /// # Errors
    /// The name of a deleted role is still reserved ([`crate::policy::ROLE_RESERVED`]), among others; nothing is
    /// changed then.
    pub(crate) async fn apply(
        self,
        mut write: PolicyWrite<'_>,
        by: Actor,
    ) -> Result<RestoredPolicy, Problem> {
        let is_new_revision = !self.difference.is_empty();
        let revision = if is_new_revision { write.revision() } else { write.base().revision() };
        let mut restored = self.restored(revision);
        let record = self.record(by, &restored);
        let Difference { rules, roles } = &self.difference;
        remove_rules(&mut write, rules).await?;
        put_roles(&mut write, roles).await?;
        put_rules(&mut write, rules).await?;
        remove_roles(&mut write, roles).await?;
        if is_new_revision {
            restored.warnings = write.commit(record).await?.warnings;
        } else {
            write.commit_without_revision(record).await?;
        }
        Ok(restored)
    }

    fn restored(&self, revision: i64) -> RestoredPolicy {
        RestoredPolicy {
            revision,
            restored: self.revision,
            changed_rules: self.difference.rules.len(),
            changed_roles: self.difference.roles.len(),
            kept_roles: self.kept.clone(),
            warnings: Vec::new(),
        }
    }

    fn record(&self, by: Actor, restored: &RestoredPolicy) -> AuditRecord {
        let before = Audited { result: None, text: &self.before };
        let after = Audited { result: Some(restored), text: &self.after };
        AuditRecord::new(by, "restore_policy_revision", "policy").before(before).after(after)
    }
}

/// The state before or after a restoration in the audit trail.
#[derive(Serialize)]
struct Audited<'a> {
    #[serde(flatten)]
    result: Option<&'a RestoredPolicy>,
    /// The whole policy.
    text: &'a str,
}

async fn remove_rules(
    write: &mut PolicyWrite<'_>,
    changed: &[Changed<u32, Rule>],
) -> sqlx::Result<()> {
    let removed = changed.iter().filter(|rule| rule.after.is_none());
    let ids: Vec<u32> = removed.map(|rule| rule.key).collect();
    rules::delete_all(write.db(), &ids).await?;
    for id in ids {
        write.change(Change::RuleRemoved { id });
    }
    Ok(())
}

/// A rule keeps its id, or has that of then again: no other rule ever has the id of a deleted one.
async fn put_rules(
    write: &mut PolicyWrite<'_>,
    changed: &[Changed<u32, Rule>],
) -> sqlx::Result<()> {
    let put: Vec<&Rule> = changed.iter().filter_map(|rule| rule.after.as_ref()).collect();
    let (at, revision) = (write.at(), write.revision());
    rules::put_all(write.db(), &put, at, revision).await?;
    for rule in put {
        write.change(Change::RuleSet(rule.clone()));
    }
    Ok(())
}

async fn put_roles(
    write: &mut PolicyWrite<'_>,
    changed: &[Changed<RoleName, RoleState>],
) -> Result<(), Problem> {
    let (at, revision) = (write.at(), write.revision());
    for Changed { key: name, before, after } in changed {
        let Some(RoleState { description, .. }) = after else { continue };
        if before.is_some() {
            roles::update(write, name, Some(description)).await?;
        } else {
            roles::refuse_reserved(write.db(), name, at).await?;
            roles::insert(write.db(), name, description, at, revision).await?;
        }
    }
    // Once all of them exist.
    for Changed { key: name, before, after } in changed {
        let Some(RoleState { inherits, .. }) = after else { continue };
        if before.as_ref().is_some_and(|before| before.inherits == *inherits) {
            continue;
        }
        set_inherits(write, name, inherits).await?;
    }
    Ok(())
}

async fn remove_roles(
    write: &mut PolicyWrite<'_>,
    changed: &[Changed<RoleName, RoleState>],
) -> sqlx::Result<()> {
    let removed: Vec<&RoleName> =
        changed.iter().filter(|role| role.after.is_none()).map(|role| &role.key).collect();
    // They may inherit each other.
    for name in &removed {
        set_inherits(write, name, &[]).await?;
    }
    let reserved_until = write.reserved_until();
    for name in removed {
        // No user has it.
        roles::delete(write, name, reserved_until).await?;
        write.change(Change::RoleRemoved { name: name.clone() });
    }
    Ok(())
}

async fn set_inherits(
    write: &mut PolicyWrite<'_>,
    name: &RoleName,
    inherits: &[RoleName],
) -> sqlx::Result<()> {
    roles::set_inherits(write.db(), name, inherits).await?;
    write.change(Change::RoleSet { name: name.clone(), inherits: inherits.to_vec() });
    Ok(())
}
