//! Reads the whole policy, at start and when the journal has a gap.

use chrono::{DateTime, TimeDelta, Utc};
use policies::{ActionPattern, Change, Effect, Label, ResourcePattern, RoleName, Rule, Snapshot};
use sqlx::{PgConnection, PgPool};

use super::LivePolicy;
use super::{PolicyLoadError, journal};

/// The policy as PostgreSQL has it. `windowed`: the labels that have a window;
/// `token_life`: how long an access token lives.
///
/// # Errors
/// The database is unavailable, or the stored policy is invalid; the server does not start then.
pub async fn load(
    pool: &PgPool,
    windowed: Vec<Label>,
    token_life: TimeDelta,
    now: DateTime<Utc>,
) -> Result<LivePolicy, PolicyLoadError> {
    let mut db = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let live = LivePolicy::new(Snapshot::empty(windowed)?, token_life);
    let snapshot = read(&mut db, &live.snapshot()).await?;
    live.install(snapshot.into(), &[], now);
    for line in journal::written_from(&mut db, now - live.max_token_age()).await? {
        for change in &line.entry.roles_of {
            live.recent.note(change, line.revision, line.at);
        }
    }
    Ok(live)
}

/// Everything, as a snapshot on top of `empty`.
pub(crate) async fn read(
    db: &mut PgConnection,
    empty: &Snapshot,
) -> Result<Snapshot, PolicyLoadError> {
    let revision =
        sqlx::query_scalar!("SELECT revision FROM policy_state").fetch_one(&mut *db).await?;
    let mut changes = roles(db).await?;
    changes.extend(rules(db).await?);
    Ok(empty.next(revision, &changes)?)
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

async fn rules(db: &mut PgConnection) -> Result<Vec<Change>, PolicyLoadError> {
    let rows = sqlx::query!("SELECT id, priority, role, resource, action, effect FROM rules")
        .fetch_all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            let rule =
                parse(row.id, row.priority, &row.role, &row.resource, &row.action, &row.effect);
            let invalid = |reason: anyhow::Error| PolicyLoadError::Rule {
                id: row.id,
                reason: format!("{reason:#}"),
            };
            rule.map(Change::RuleSet).map_err(invalid)
        })
        .collect()
}

/// A rule as the table has it.
pub(crate) fn parse(
    id: i32,
    priority: i32,
    role: &str,
    resource: &str,
    action: &str,
    effect: &str,
) -> anyhow::Result<Rule> {
    Ok(Rule {
        id: u32::try_from(id)?,
        priority: u32::try_from(priority)?,
        role: RoleName::parse(role)?,
        resource: ResourcePattern::parse(resource)?,
        action: ActionPattern::parse(action)?,
        effect: if effect == Effect::Allow.as_str() { Effect::Allow } else { Effect::Deny },
    })
}
