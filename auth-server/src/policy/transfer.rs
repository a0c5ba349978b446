//! Export and import of the whole policy as text.

use std::collections::HashMap;

use policies::csv::{self, Document, RuleRow};
use policies::{Change, RoleDefinition, RoleName, Rule, Snapshot, Verdict};
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

/// What replaced the rules.
pub(crate) struct Replaced {
    roles: usize,
    rules: usize,
    record: AuditRecord,
}

/// Replaces all rules except the superuser's built-in rule with those of the document. A rule that is in both
/// stays as it is, under its id. Roles of the document are created if they do not exist, and inherit what the
/// document says; other roles remain, since users may have them.
///
/// # Errors
/// The policy is invalid, among others; nothing is changed then.
pub(crate) async fn import(
    mut write: PolicyWrite<'_>,
    document: &Document,
    by: Actor,
) -> Result<Imported, Problem> {
    let Replaced { roles, rules, record } = replace(&mut write, document, by).await?;
    Ok(Imported { roles, rules, revision: write.commit(record).await? })
}

/// The same, without committing it.
pub(crate) async fn replace(
    write: &mut PolicyWrite<'_>,
    document: &Document,
    by: Actor,
) -> Result<Replaced, Problem> {
    let before = export(write.base());
    let number = before.rules.iter().filter(|row| row.priority > 0).count();
    let before = json!({ "rules": number, "text": csv::write(&before) });
    let (removed, added) = changed_rules(write.base(), document);
    rules::delete_all(write.db(), &removed).await?;
    for id in removed {
        write.change(Change::RuleRemoved { id });
    }
    let created = import_roles(write, &document.roles).await?;
    let (at, revision) = (write.at(), write.revision());
    for row in added {
        let rule: Rule = rules::insert(write.db(), row, at, revision).await?;
        write.change(Change::RuleSet(rule));
    }
    let rules = document.rules.iter().filter(|row| row.priority > 0).count();
    let record = AuditRecord::new(by, "import_rules", "policy")
        .before(before)
        .after(json!({ "rules": rules, "new_roles": created, "text": csv::write(document) }));
    Ok(Replaced { roles: created, rules, record })
}

/// The ids of the rules that are not in the document, and the rows of the document that are no rule yet.
fn changed_rules<'d>(base: &Snapshot, document: &'d Document) -> (Vec<u32>, Vec<&'d RuleRow>) {
    let mut present: HashMap<RuleRow, Vec<u32>> = HashMap::new();
    for rule in base.rules().filter(|rule| !rule.is_builtin()) {
        present.entry(RuleRow::from(rule.as_ref())).or_default().push(rule.id);
    }
    let rows = document.rules.iter().filter(|row| row.priority > 0);
    let added = rows.filter(|row| present.get_mut(*row).and_then(Vec::pop).is_none()).collect();
    let mut removed: Vec<u32> = present.into_values().flatten().collect();
    removed.sort_unstable();
    (removed, added)
}

/// Creates the roles that do not exist, and sets what each inherits. Returns the number of new roles.
async fn import_roles(
    write: &mut PolicyWrite<'_>,
    definitions: &[RoleDefinition],
) -> Result<usize, Problem> {
    let (at, revision) = (write.at(), write.revision());
    let mut changed = Vec::new();
    let mut created = 0;
    for RoleDefinition { name, inherits } in definitions {
        let mut inherits = inherits.clone();
        inherits.sort();
        let before = write.base().inherits(name).map(<[RoleName]>::to_vec);
        if before.as_ref() == Some(&inherits) {
            continue;
        }
        if before.is_none() {
            roles::insert(write.db(), name, "", at, revision).await?;
            created += 1;
        }
        changed.push((name, inherits));
    }
    // Once all of them exist.
    for (name, inherits) in changed {
        roles::set_inherits(write.db(), name, &inherits).await?;
        roles::update(write, name, None).await?;
        write.change(Change::RoleSet { name: name.clone(), inherits });
    }
    Ok(created)
}
