//! Export and import of the whole policy as text.

use policies::csv::{self, Document, RuleRow};
use policies::{Change, RoleDefinition, Rule, Snapshot, Verdict};
use serde_json::json;

use super::write::PolicyWrite;
use super::{roles, rules};
use crate::audit::{Actor, AuditRecord};
use crate::http::problem::Problem;

/// The result of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Imported {
    /// Number of roles created.
    pub roles: usize,
    /// Number of rules now, without the superuser's built-in rule.
    pub rules: usize,
    /// The new policy revision.
    pub revision: i64,
}

/// All roles and rules, in a form that can be imported again.
#[must_use]
pub(crate) fn export(policy: &Snapshot) -> Document {
    let mut all: Vec<_> = policy.rules().collect();
    all.sort_unstable_by_key(|rule| Verdict::of(rule));
    let rules = all.into_iter().map(|rule| RuleRow::from(rule.as_ref())).collect();
    Document { roles: policy.defined_roles(), rules }
}

/// Replaces all rules except the superuser's built-in rule with those of the document. Roles of the
/// document are created if they do not exist, and inherit what the document says; other roles
/// remain, since users may have them.
///
/// # Errors
/// The policy is invalid, among others; nothing is changed then.
pub(crate) async fn import(
    mut write: PolicyWrite<'_>,
    document: &Document,
    by: Actor,
) -> Result<Imported, Problem> {
    let old: Vec<_> =
        write.base().rules().filter(|rule| !rule.is_builtin()).map(|r| r.id).collect();
    let before = json!({ "rules": old.len(), "text": csv::write(&export(write.base())) });
    sqlx::query!("DELETE FROM rules WHERE priority > 0").execute(write.db()).await?;
    for id in old {
        write.change(Change::RuleRemoved { id });
    }
    let (at, revision) = (write.at(), write.revision());
    let mut created = 0;
    for RoleDefinition { name, .. } in &document.roles {
        if !write.base().has_role(name) {
            roles::insert(write.db(), name, "", at, revision).await?;
            created += 1;
        }
    }
    for RoleDefinition { name, inherits } in &document.roles {
        roles::set_inherits(write.db(), name, inherits).await?;
        write.change(Change::RoleSet { name: name.clone(), inherits: inherits.clone() });
    }
    let rows: Vec<&RuleRow> = document.rules.iter().filter(|row| row.priority > 0).collect();
    for row in &rows {
        let rule: Rule = rules::insert(write.db(), row, at, revision).await?;
        write.change(Change::RuleSet(rule));
    }
    let rules = rows.len();
    let record = AuditRecord::new(by, "import_rules", "policy")
        .before(before)
        .after(json!({ "rules": rules, "new_roles": created, "text": csv::write(document) }));
    Ok(Imported { roles: created, rules, revision: write.commit(record).await? })
}
