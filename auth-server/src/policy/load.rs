//! Reads the whole policy: at start, and whenever the journal has a gap.

use chrono::{DateTime, TimeDelta, Utc};
use policies::label_rules::LabelRules;
use policies::{
    ActionPattern, Change, Description, Effect, ResourcePattern, RoleName, Rule, Snapshot,
};

use super::error::InvalidRule;
use super::{LivePolicy, PolicyLoadError, journal};
use crate::db::{PgConnection, PgPool};

/// Loads the policy. `labels` are the rules by which the labeler gives labels; `max_token_age` is how long an
/// access token may be accepted after it was issued.
///
/// # Errors
/// The database is unavailable, or the stored policy is invalid; the server does not start then.
pub async fn load(
    pool: &PgPool,
    labels: &LabelRules,
    max_token_age: TimeDelta,
    now: DateTime<Utc>,
) -> Result<LivePolicy, PolicyLoadError> {
    let mut db = pool.begin_snapshot().await?;
    let empty = Snapshot::empty(labels.time_bound_labels().cloned())?;
    let names = labels.iter().map(|rule| rule.name.clone()).collect();
    let live = LivePolicy::new(empty, names, max_token_age);
    let (snapshot, written_at) = read(&mut db, &live.snapshot()).await?;
    live.advance(snapshot.into(), written_at);
    for entry in journal::written_since(&mut db, now - max_token_age).await? {
        for user in &entry.delta.user_roles {
            live.recent_grants.record(user, entry.revision);
        }
    }
    Ok(live)
}

/// All roles and rules, as a snapshot on top of `empty`, and when its last write was made.
pub(super) async fn read(
    db: &mut PgConnection,
    empty: &Snapshot,
) -> Result<(Snapshot, Option<DateTime<Utc>>), PolicyLoadError> {
    let (revision, written_at) = journal::last(db).await?;
    let mut changes = roles(db).await?;
    for row in rule_rows(db).await? {
        changes.push(Change::RuleSet(parse(&row)?));
    }
    Ok((empty.next(revision, &changes)?, written_at))
}

async fn roles(db: &mut PgConnection) -> Result<Vec<Change>, PolicyLoadError> {
    let rows = sqlx::query!(
        r#"SELECT name, array_remove(array_agg(inherits ORDER BY inherits), NULL) AS "inherits!"
           FROM roles LEFT JOIN role_inherits ON role = name GROUP BY name ORDER BY name"#
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let inherits: Result<Vec<RoleName>, _> =
                row.inherits.iter().map(|name| RoleName::parse(name)).collect();
            let name = RoleName::parse(&row.name).map_err(PolicyLoadError::Role)?;
            Ok(Change::RoleSet { name, inherits: inherits.map_err(PolicyLoadError::Role)? })
        })
        .collect()
}

/// A rule as stored, not parsed.
pub(super) struct RuleRow {
    id: i32,
    priority: i32,
    role: String,
    resource: String,
    action: String,
    effect: String,
    description: String,
}

/// All rules.
pub(super) async fn rule_rows(db: &mut PgConnection) -> sqlx::Result<Vec<RuleRow>> {
    sqlx::query_as!(
        RuleRow,
        "SELECT id, priority, role, resource, action, effect, description FROM rules"
    )
    .fetch_all(db)
    .await
}

/// The rule of a row.
///
/// # Errors
/// It is invalid.
pub(super) fn parse(row: &RuleRow) -> Result<Rule, PolicyLoadError> {
    fields(row).map_err(|reason| PolicyLoadError::Rule { id: row.id, reason })
}

fn fields(row: &RuleRow) -> Result<Rule, InvalidRule> {
    let effect = [Effect::Allow, Effect::Deny].into_iter().find(|e| e.as_str() == row.effect);
    Ok(Rule {
        id: u32::try_from(row.id)?,
        priority: u32::try_from(row.priority)?,
        role: RoleName::parse(&row.role)?,
        resource: ResourcePattern::parse(&row.resource)?,
        action: ActionPattern::parse(&row.action)?,
        effect: effect.ok_or_else(|| InvalidRule::Effect(row.effect.clone()))?,
        description: Description::of_stored(&row.description),
    })
}
