//! Rules in PostgreSQL.

use std::fmt;

use chrono::{DateTime, Utc};
use policies::csv::RuleRow;
use policies::{Effect, Rule};
use serde::{Deserialize, Serialize};
use sqlx::PgExecutor;

use crate::db::PgConnection;

/// A rule as stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize, poem_openapi::Object)]
#[oai(rename = "Rule")]
pub(crate) struct StoredRule {
    /// Id; permanent.
    pub id: i32,
    /// Rules are evaluated in ascending order of priority; deny before allow at the same priority.
    pub priority: i32,
    /// Role that the rule applies to.
    pub role: String,
    /// Resources that the rule applies to.
    pub resource: String,
    /// Actions that the rule applies to.
    pub action: String,
    /// What it does.
    pub effect: EffectName,
    /// What the rule is for; empty if it has no description.
    pub description: String,
    /// Whether the rule is built in: the superuser's rule cannot be changed or deleted.
    pub builtin: bool,
    /// Policy revision of its last write; also its ETag.
    pub revision: i64,
}

impl StoredRule {
    /// The stored form of a rule.
    pub(crate) fn of(rule: &Rule, revision: i64) -> Self {
        Self {
            id: rule.id.cast_signed(),
            priority: rule.priority.cast_signed(),
            role: rule.role.to_string(),
            resource: rule.resource.to_string(),
            action: rule.action.to_string(),
            effect: rule.effect.into(),
            description: rule.description.to_string(),
            builtin: rule.is_builtin(),
            revision,
        }
    }
}

/// A rule as evaluated.
#[derive(Clone, Debug, Default, Serialize, Deserialize, poem_openapi::Object)]
pub(crate) struct RuleInForce {
    /// Id; permanent.
    pub id: i32,
    /// Rules are evaluated in ascending order of priority; deny before allow at the same priority.
    pub priority: i32,
    /// Role that the rule applies to.
    pub role: String,
    /// Resources that the rule applies to.
    pub resource: String,
    /// Actions that the rule applies to.
    pub action: String,
    /// What it does.
    pub effect: EffectName,
    /// What the rule is for; empty if it has no description.
    pub description: String,
    /// Whether the rule is built in: the superuser's rule cannot be changed or deleted.
    pub builtin: bool,
}

impl From<&Rule> for RuleInForce {
    fn from(rule: &Rule) -> Self {
        let StoredRule {
            id, priority, role, resource, action, effect, description, builtin, ..
        } = StoredRule::of(rule, 0);
        Self { id, priority, role, resource, action, effect, description, builtin }
    }
}

/// As in a rules file, except that nothing is quoted.
impl fmt::Display for RuleInForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { priority, role, resource, action, effect, .. } = self;
        write!(f, "p, {priority}, {role}, {resource}, {action}, {effect}")
    }
}

/// A position in the evaluation order.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Position {
    priority: i32,
    /// False sorts first: deny before allow.
    allow: bool,
    id: i32,
}

/// The position before every rule.
pub(crate) const START: Position = Position { priority: -1, allow: false, id: 0 };

impl StoredRule {
    /// Its position in the evaluation order.
    #[must_use]
    pub(crate) fn position(&self) -> Position {
        let allow = self.effect == EffectName::Allow;
        Position { priority: self.priority, allow, id: self.id }
    }
}

/// Rules after a position in the evaluation order: all, or those of one role.
pub(crate) async fn page(
    db: impl PgExecutor<'_>,
    role: Option<&str>,
    after: Position,
    limit: i64,
) -> sqlx::Result<Vec<StoredRule>> {
    sqlx::query_as!(
        StoredRule,
        r#"SELECT id, priority, role, resource, action, effect, description, priority = 0 AS "builtin!", revision
           FROM rules
           WHERE ($1::text IS NULL OR role = $1) AND priority >= $2
             AND (priority, effect = 'allow', id) > ($2, $3, $4)
           ORDER BY priority, effect = 'allow', id LIMIT $5"#,
        role,
        after.priority,
        after.allow,
        after.id,
        limit
    )
    .fetch_all(db)
    .await
}

/// The rule of this id.
pub(crate) async fn find(db: impl PgExecutor<'_>, id: i32) -> sqlx::Result<Option<StoredRule>> {
    sqlx::query_as!(
        StoredRule,
        r#"SELECT id, priority, role, resource, action, effect, description, priority = 0 AS "builtin!", revision
           FROM rules WHERE id = $1"#,
        id
    )
    .fetch_optional(db)
    .await
}

/// Inserts a rule.
///
/// # Errors
/// Unknown role (`rules_role_fkey`), among others.
pub(crate) async fn insert(
    db: &mut PgConnection,
    row: &RuleRow,
    at: DateTime<Utc>,
    revision: i64,
) -> sqlx::Result<Rule> {
    let id = sqlx::query_scalar!(
        "INSERT INTO rules (priority, role, resource, action, effect, description, created_at, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
        row.priority.cast_signed(),
        row.role.as_str(),
        row.resource.to_string(),
        row.action.to_string(),
        row.effect.as_str(),
        row.description.as_str(),
        at,
        revision
    )
    .fetch_one(db)
    .await?;
    Ok(row.clone().with_id(id.cast_unsigned()))
}

/// Replaces a rule.
///
/// # Errors
/// Unknown role (`rules_role_fkey`), among others.
pub(crate) async fn update(db: &mut PgConnection, rule: &Rule, revision: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE rules SET priority = $2, role = $3, resource = $4, action = $5, effect = $6,
                description = $7, revision = $8 WHERE id = $1",
        rule.id.cast_signed(),
        rule.priority.cast_signed(),
        rule.role.as_str(),
        rule.resource.to_string(),
        rule.action.to_string(),
        rule.effect.as_str(),
        rule.description.as_str(),
        revision
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Deletes a rule.
pub(crate) async fn delete(db: &mut PgConnection, id: i32) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM rules WHERE id = $1", id).execute(db).await?;
    Ok(())
}

/// Deletes the rules of these ids.
pub(super) async fn delete_all(db: &mut PgConnection, ids: &[u32]) -> sqlx::Result<()> {
    let ids: Vec<i32> = ids.iter().map(|id| id.cast_signed()).collect();
    sqlx::query!("DELETE FROM rules WHERE id = ANY($1)", &ids).execute(db).await?;
    Ok(())
}

/// Inserts these rules under their ids, or replaces those that have them, in one statement.
///
/// # Errors
/// Unknown role (`rules_role_fkey`), among others.
pub(super) async fn put_all(
    db: &mut PgConnection,
    rules: &[&Rule],
    at: DateTime<Utc>,
    revision: i64,
) -> sqlx::Result<()> {
    let ids: Vec<i32> = rules.iter().map(|rule| rule.id.cast_signed()).collect();
    let priorities: Vec<i32> = rules.iter().map(|rule| rule.priority.cast_signed()).collect();
    let text = |field: fn(&Rule) -> String| -> Vec<String> {
        rules.iter().map(|rule| field(rule)).collect()
    };
    sqlx::query!(
        "INSERT INTO rules
             (id, priority, role, resource, action, effect, description, created_at, revision)
         SELECT *, $8::timestamptz, $9::bigint
         FROM unnest($1::int[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
         ON CONFLICT (id) DO UPDATE SET
             priority = excluded.priority, role = excluded.role, resource = excluded.resource,
             action = excluded.action, effect = excluded.effect,
             description = excluded.description, revision = excluded.revision",
        &ids,
        &priorities,
        &text(|rule| rule.role.to_string()),
        &text(|rule| rule.resource.to_string()),
        &text(|rule| rule.action.to_string()),
        &text(|rule| rule.effect.as_str().to_owned()),
        &text(|rule| rule.description.to_string()),
        at,
        revision
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What a rule does: it allows or denies.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, poem_openapi::Enum,
)]
#[oai(rename = "Effect", remote = "policies::Effect", rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum EffectName {
    /// Allows.
    Allow,
    /// Denies.
    #[default]
    Deny,
}

impl fmt::Display for EffectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// As stored: the column has no other texts than these (`rules_effect_check`).
impl From<String> for EffectName {
    fn from(stored: String) -> Self {
        if stored == Effect::Allow.as_str() { Self::Allow } else { Self::Deny }
    }
}
