//! Changes of rules, as single operations and lists of changes make them.

use poem_openapi::Object;
use policies::csv::RuleRow;
use policies::{
    ActionPattern, Change, Description, NameError, PolicyError, ResourcePattern, RoleName, Rule,
};
use serde::Deserialize;

use crate::api::policy_write::{description, role_name};
use crate::audit::{AuditRecord, Written};
use crate::authn::authorized_admin::AuthorizedAdmin;
use crate::http::precondition::check;
use crate::http::problem::Problem;
use crate::policy::rules::{self, EffectName, StoredRule};
use crate::policy::write::PolicyWrite;
use crate::policy::{RULE_NOT_FOUND, policy_problem};

/// A rule to be written.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleBody {
    /// Priority, 1–2147483647; rules are evaluated in ascending order.
    priority: u32,
    /// Name of an existing role.
    role: String,
    /// `*`, `type`, `type:id`, or a prefix of those followed by one `*`.
    resource: String,
    /// An action, a prefix followed by one `*`, or `*`.
    action: String,
    /// Effect of the rule.
    effect: EffectName,
    /// What the rule is for, one line of up to 1,000 characters. Omitted: none for a new rule, unchanged for an
    /// existing one.
    description: Option<String>,
}

/// What a rule is to be.
pub(crate) struct RuleSettings {
    /// Without the description.
    row: RuleRow,
    /// The description, if it is set.
    description: Option<Description>,
}

impl RuleBody {
    pub(crate) fn parse(&self) -> Result<RuleSettings, Problem> {
        let invalid =
            |field: &'static str| move |error: NameError| policy_problem(error.into()).field(field);
        let row = RuleRow {
            priority: priority(self.priority)?,
            role: role_name("role", &self.role)?,
            resource: ResourcePattern::parse(&self.resource).map_err(invalid("resource"))?,
            action: ActionPattern::parse(&self.action).map_err(invalid("action"))?,
            effect: self.effect.into(),
            description: Description::default(),
        };
        let description = self.description.as_deref().map(description).transpose()?;
        Ok(RuleSettings { row, description })
    }
}

/// Priority 0 is reserved for the built-in rule.
fn priority(priority: u32) -> Result<u32, Problem> {
    if (1..=policies::MAX_PRIORITY).contains(&priority) {
        return Ok(priority);
    }
    Err(policy_problem(PolicyError::InvalidPriority(priority)).field("priority"))
}

/// Adds a rule.
pub(crate) async fn create(
    write: &mut PolicyWrite<'_>,
    caller: &AuthorizedAdmin,
    settings: RuleSettings,
) -> Result<Written<StoredRule>, Problem> {
    let RuleSettings { row, description } = settings;
    let row = RuleRow { description: description.unwrap_or_default(), ..row };
    refuse_unknown_role(write, &row.role)?;
    let (at, revision) = (write.at(), write.revision());
    let rule = rules::insert(write.db(), &row, at, revision).await?;
    caller.authorize_rule_write(&rule)?;
    write.change(Change::RuleSet(rule.clone()));
    let state = StoredRule::of(&rule, revision);
    let record = AuditRecord::new(caller.actor(), "create_rule", format!("rule:{}", rule.id));
    Ok(Written { record: record.after(&state), state })
}

/// Replaces a rule.
pub(crate) async fn update(
    write: &mut PolicyWrite<'_>,
    caller: &AuthorizedAdmin,
    id: i32,
    if_match: Option<&str>,
    settings: RuleSettings,
) -> Result<Written<StoredRule>, Problem> {
    let RuleSettings { row, description } = settings;
    let (stored, old) = changeable(write, id).await?;
    caller.authorize_rule_write(&old)?;
    let description = description.unwrap_or(old.description);
    let rule = RuleRow { description, ..row }.with_id(old.id);
    caller.authorize_rule_write(&rule)?;
    check(if_match, stored.revision)?;
    refuse_unknown_role(write, &rule.role)?;
    let revision = write.revision();
    rules::update(write.db(), &rule, revision).await?;
    write.change(Change::RuleSet(rule.clone()));
    let state = StoredRule::of(&rule, revision);
    let record = AuditRecord::new(caller.actor(), "update_rule", format!("rule:{}", rule.id));
    Ok(Written { record: record.before(&stored).after(&state), state })
}

/// Deletes a rule.
pub(crate) async fn delete(
    write: &mut PolicyWrite<'_>,
    caller: &AuthorizedAdmin,
    id: i32,
    if_match: Option<&str>,
) -> Result<AuditRecord, Problem> {
    let (stored, old) = changeable(write, id).await?;
    caller.authorize_rule_write(&old)?;
    check(if_match, stored.revision)?;
    rules::delete(write.db(), id).await?;
    write.change(Change::RuleRemoved { id: old.id });
    let record = AuditRecord::new(caller.actor(), "delete_rule", format!("rule:{}", old.id));
    Ok(record.before(&stored))
}

fn refuse_unknown_role(write: &PolicyWrite<'_>, role: &RoleName) -> Result<(), Problem> {
    if write.base().has_role(role) {
        return Ok(());
    }
    Err(policy_problem(PolicyError::UnknownRole(role.clone())).field("role"))
}

/// The rule, as stored and as evaluated. An error if there is none, or it is the built-in one.
async fn changeable(write: &mut PolicyWrite<'_>, id: i32) -> Result<(StoredRule, Rule), Problem> {
    let stored = rules::find(write.db(), id).await?;
    let rule = write.base().rule(id.cast_unsigned()).map(|rule| Rule::clone(rule));
    let (Some(stored), Some(rule)) = (stored, rule) else {
        return Err(Problem::new(RULE_NOT_FOUND));
    };
    if rule.is_builtin() {
        return Err(policy_problem(PolicyError::BuiltinRule));
    }
    Ok((stored, rule))
}
