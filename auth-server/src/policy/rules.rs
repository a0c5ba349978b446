//! Rules in PostgreSQL.

use chrono::{DateTime, Utc};
use policies::csv::RuleRow;
use policies::{Effect, Rule};
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor};

/// A rule as the table has it.
#[derive(Clone, Debug, Default, Serialize, poem_openapi::Object)]
#[oai(rename = "Rule")]
pub(crate) struct StoredRule {
    /// Identifies the rule for good.
    pub id: i32,
    /// Rules are read in this order, smallest first; deny before allow at the same priority.
    pub priority: i32,
    /// The role that it speaks of.
    pub role: String,
    /// The resources that it speaks of.
    pub resource: String,
    /// The actions that it speaks of.
    pub action: String,
    /// `allow` or `deny`.
    pub effect: String,
    /// The superuser's own rule can't be changed or deleted.
    pub builtin: bool,
    /// Revision of its last write; its ETag.
    pub revision: i64,
}

impl StoredRule {
    /// The rule as decisions know it.
    pub(crate) fn of(rule: &Rule, revision: i64) -> Self {
        Self {
            id: rule.id.cast_signed(),
            priority: rule.priority.cast_signed(),
            role: rule.role.to_string(),
            resource: rule.resource.to_string(),
            action: rule.action.to_string(),
            effect: rule.effect.as_str().into(),
            builtin: rule.is_builtin(),
            revision,
        }
    }
}

/// A rule as decisions know it.
#[derive(Clone, Debug, Default, Serialize, poem_openapi::Object)]
pub(crate) struct RuleInForce {
    /// Identifies the rule for good.
    pub id: i32,
    /// Rules are read in this order, smallest first; deny before allow at the same priority.
    pub priority: i32,
    /// The role that it speaks of.
    pub role: String,
    /// The resources that it speaks of.
    pub resource: String,
    /// The actions that it speaks of.
    pub action: String,
    /// `allow` or `deny`.
    pub effect: String,
    /// The superuser's own rule can't be changed or deleted.
    pub builtin: bool,
}

impl From<&Rule> for RuleInForce {
    fn from(rule: &Rule) -> Self {
        let StoredRule { id, priority, role, resource, action, effect, builtin, .. } =
            StoredRule::of(rule, 0);
        Self { id, priority, role, resource, action, effect, builtin }
    }
}

/// A rule's place in the order in which rules are read: priority, allow after deny, id.
pub(crate) type Place = (i32, bool, i32);

/// Before every rule.
pub(crate) const BEGIN: Place = (-1, false, 0);

impl StoredRule {
    /// Where it stands.
    #[must_use]
    pub(crate) fn place(&self) -> Place {
        (self.priority, self.effect == Effect::Allow.as_str(), self.id)
    }
}

/// Rules after a place in rule order, all or those of one role.
///
/// # Errors
/// PostgreSQL is away.
pub(crate) async fn page(
    db: impl PgExecutor<'_>,
    role: Option<&str>,
    after: Place,
    limit: i64,
) -> sqlx::Result<Vec<StoredRule>> {
    sqlx::query_as!(
        StoredRule,
        r#"SELECT id, priority, role, resource, action, effect, priority = 0 AS "builtin!", revision
           FROM rules
           WHERE ($1::text IS NULL OR role = $1) AND priority >= $2
             AND (priority, effect = 'allow', id) > ($2, $3, $4)
           ORDER BY priority, effect = 'allow', id LIMIT $5"#,
        role,
        after.0,
        after.1,
        after.2,
        limit
    )
    .fetch_all(db)
    .await
}

/// One rule.
///
/// # Errors
/// PostgreSQL is away.
pub(crate) async fn find(db: impl PgExecutor<'_>, id: i32) -> sqlx::Result<Option<StoredRule>> {
    sqlx::query_as!(
        StoredRule,
        r#"SELECT id, priority, role, resource, action, effect, priority = 0 AS "builtin!", revision
           FROM rules WHERE id = $1"#,
        id
    )
    .fetch_optional(db)
    .await
}

/// Adds a rule.
///
/// # Errors
/// PostgreSQL is away, or there is no such role (`rules_role_fkey`).
pub(crate) async fn insert(
    db: &mut PgConnection,
    row: &RuleRow,
    at: DateTime<Utc>,
    revision: i64,
) -> sqlx::Result<Rule> {
    let id = sqlx::query_scalar!(
        "INSERT INTO rules (priority, role, resource, action, effect, created_at, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        row.priority.cast_signed(),
        row.role.as_str(),
        row.resource.to_string(),
        row.action.to_string(),
        row.effect.as_str(),
        at,
        revision
    )
    .fetch_one(db)
    .await?;
    let RuleRow { priority, role, resource, action, effect } = row.clone();
    Ok(Rule { id: id.cast_unsigned(), priority, role, resource, action, effect })
}

/// Changes a rule whole.
///
/// # Errors
/// PostgreSQL is away, or there is no such role (`rules_role_fkey`).
pub(crate) async fn update(db: &mut PgConnection, rule: &Rule, revision: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE rules SET priority = $2, role = $3, resource = $4, action = $5, effect = $6,
                revision = $7 WHERE id = $1",
        rule.id.cast_signed(),
        rule.priority.cast_signed(),
        rule.role.as_str(),
        rule.resource.to_string(),
        rule.action.to_string(),
        rule.effect.as_str(),
        revision
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Deletes a rule.
///
/// # Errors
/// PostgreSQL is away.
pub(crate) async fn delete(db: &mut PgConnection, id: i32) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM rules WHERE id = $1", id).execute(db).await?;
    Ok(())
}

/// The effect as the API takes it.
#[derive(Clone, Copy, Debug, serde::Deserialize, poem_openapi::Enum)]
#[oai(rename = "Effect", rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum EffectName {
    /// Yes.
    Allow,
    /// No.
    Deny,
}

impl From<EffectName> for Effect {
    fn from(name: EffectName) -> Self {
        match name {
            EffectName::Allow => Self::Allow,
            EffectName::Deny => Self::Deny,
        }
    }
}
