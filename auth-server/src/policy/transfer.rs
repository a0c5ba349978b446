//! Export and import of the whole policy as text.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use policies::csv::{self, Document, RuleRow};
use policies::{Change, Description, RoleDefinition, RoleName, Rule, Snapshot, Verdict};
use serde::Serialize;
use serde_json::json;

use super::roles::RoleDescriptions;
use super::warning::PolicyWarning;
use super::write::{Committed, PolicyWrite};
use super::{roles, rules};
use crate::audit::{Actor, AuditRecord};
use crate::http::problem::Problem;

/// The result of an import.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Imported {
    /// Number of roles created.
    pub roles: usize,
    /// Number of rules now, without the superuser's built-in rule.
    pub rules: usize,
    /// The new policy revision.
    pub revision: i64,
    /// What the import probably makes a mistake.
    pub warnings: Vec<PolicyWarning>,
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { roles, rules, revision, warnings } = self;
        warnings.iter().try_for_each(|warning| writeln!(f, "{warning}"))?;
        write!(f, "{rules} rules in force, {roles} new roles, revision {revision}")
    }
}

/// All roles and rules, in a form that can be imported again.
#[must_use]
pub(crate) fn export(policy: &Snapshot, descriptions: &RoleDescriptions) -> Document {
    let mut all: Vec<_> = policy.rules().collect();
    all.sort_unstable_by_key(|rule| Verdict::of(rule));
    let mut document = Document {
        roles: policy.defined_roles(),
        rules: all.into_iter().map(|rule| RuleRow::from(rule.as_ref())).collect(),
    };
    for role in &mut document.roles {
        role.description = descriptions.get(&role.name).cloned().unwrap_or_default();
    }
    document
}

/// What the policy is after an import of `new`. The built-in rule and roles that `new` does not name remain, and
/// so do descriptions where it has none.
#[must_use]
pub(crate) fn merged(before: &Document, new: &Document) -> Document {
    Document { roles: merged_roles(before, new), rules: merged_rules(before, new) }
}

fn merged_roles(before: &Document, new: &Document) -> Vec<RoleDefinition> {
    let mut roles: BTreeMap<&RoleName, RoleDefinition> = BTreeMap::new();
    for role in before.roles.iter().chain(&new.roles) {
        let old = roles.insert(&role.name, role.clone());
        if let (Some(old), Some(role)) = (old, roles.get_mut(&role.name)) {
            keep_description(&mut role.description, &old.description);
        }
    }
    roles.into_values().collect()
}

fn merged_rules(before: &Document, new: &Document) -> Vec<RuleRow> {
    let described = before.rules.iter().filter(|row| !row.description.is_empty());
    let old: HashMap<RuleRow, &Description> =
        described.map(|row| (row.clone().undescribed(), &row.description)).collect();
    let builtin = before.rules.iter().filter(|row| row.priority == 0);
    let rows = builtin.chain(new.rules.iter().filter(|row| row.priority > 0));
    rows.cloned()
        .map(|mut row| {
            if let Some(old) = old.get(&row.clone().undescribed()) {
                keep_description(&mut row.description, old);
            }
            row
        })
        .collect()
}

fn keep_description(description: &mut Description, old: &Description) {
    if description.is_empty() {
        description.clone_from(old);
    }
}

/// What replaced the rules.
pub(crate) struct Replaced {
    roles: usize,
    rules: usize,
    record: AuditRecord,
}

/// Replaces all rules except the superuser's built-in rule with those of the document. A rule that is in both
/// keeps its id. Roles of the document are created if they do not exist, and inherit what the document says; other
/// roles remain, since users may have them.
///
/// # Errors
/// The policy is invalid, among others; nothing is changed then.
pub(crate) async fn import(
    mut write: PolicyWrite<'_>,
    document: &Document,
    by: Actor,
) -> Result<Imported, Problem> {
    let Replaced { roles, rules, record } = replace(&mut write, document, by).await?;
    let Committed { revision, warnings } = write.commit(record).await?;
    Ok(Imported { roles, rules, revision, warnings })
}

/// The same, without committing it.
pub(crate) async fn replace(
    write: &mut PolicyWrite<'_>,
    document: &Document,
    by: Actor,
) -> Result<Replaced, Problem> {
    let descriptions = roles::all_descriptions(write.db()).await?;
    let before = export(write.base(), &descriptions);
    let after = merged(&before, document);
    let RuleChanges { removed, added, described } = RuleChanges::between(write.base(), &after);
    rules::delete_all(write.db(), &removed).await?;
    for id in removed {
        write.change(Change::RuleRemoved { id });
    }
    let created = import_roles(write, &before.roles, &after.roles).await?;
    let (at, revision) = (write.at(), write.revision());
    for row in added {
        let rule: Rule = rules::insert(write.db(), row, at, revision).await?;
        write.change(Change::RuleSet(rule));
    }
    rules::put_all(write.db(), &described.iter().collect::<Vec<_>>(), at, revision).await?;
    for rule in described {
        write.change(Change::RuleSet(rule));
    }
    let rules = number_of_rules(&after);
    let record = AuditRecord::new(by, "import_rules", "policy")
        .before(json!({ "rules": number_of_rules(&before), "text": csv::write(&before) }))
        .after(json!({ "rules": rules, "new_roles": created, "text": csv::write(&after) }));
    Ok(Replaced { roles: created, rules, record })
}

/// Without the superuser's built-in rule.
fn number_of_rules(document: &Document) -> usize {
    document.rules.iter().filter(|row| row.priority > 0).count()
}

/// What an import changes in the rules.
#[derive(Default)]
struct RuleChanges<'d> {
    /// Ids of the rules that are not in the document.
    removed: Vec<u32>,
    /// The rows of the document that are no rule yet.
    added: Vec<&'d RuleRow>,
    /// Rules that get another description.
    described: Vec<Rule>,
}

impl<'d> RuleChanges<'d> {
    fn between(base: &Snapshot, document: &'d Document) -> Self {
        let mut present: HashMap<RuleRow, Vec<&Rule>> = HashMap::new();
        for rule in base.rules().filter(|rule| !rule.is_builtin()) {
            present.entry(RuleRow::from(&**rule).undescribed()).or_default().push(rule);
        }
        let mut changes = Self::default();
        for row in document.rules.iter().filter(|row| row.priority > 0) {
            match present.get_mut(&row.clone().undescribed()).and_then(Vec::pop) {
                None => changes.added.push(row),
                Some(rule) if rule.description == row.description => {}
                Some(rule) => changes.described.push(row.clone().with_id(rule.id)),
            }
        }
        changes.removed = present.into_values().flatten().map(|rule| rule.id).collect();
        changes.removed.sort_unstable();
        changes
    }
}

/// Creates the roles that do not exist, and sets what each inherits and its description. Returns the number of
/// new roles.
async fn import_roles(
    write: &mut PolicyWrite<'_>,
    before: &[RoleDefinition],
    after: &[RoleDefinition],
) -> Result<usize, Problem> {
    let (at, revision) = (write.at(), write.revision());
    let old: HashMap<&RoleName, &RoleDefinition> =
        before.iter().map(|role| (&role.name, role)).collect();
    let mut created = 0;
    for role in after.iter().filter(|role| !old.contains_key(&role.name)) {
        roles::insert(write.db(), &role.name, role.description.as_str(), at, revision).await?;
        created += 1;
    }
    // Once all of them exist.
    for role in after {
        let mut inherits = role.inherits.clone();
        inherits.sort();
        let description = role.description.as_str();
        match old.get(&role.name) {
            Some(old) if old.inherits == inherits && old.description == role.description => {
                continue;
            }
            _ => {}
        }
        roles::set_inherits(write.db(), &role.name, &inherits).await?;
        roles::update(write, &role.name, Some(description)).await?;
        write.change(Change::RoleSet { name: role.name.clone(), inherits });
    }
    Ok(created)
}
