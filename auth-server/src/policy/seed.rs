//! The shipped rules, for a database that has none yet.

use anyhow::Context;
use chrono::{DateTime, Utc};
use policies::{Change, csv};
use sqlx::PgPool;

use super::journal;
use super::journal::{Entry, Line};
use super::{roles, rules};

/// Puts the shipped rules in where there is no rule at all. Returns how many; 0: there were some.
///
/// # Errors
/// PostgreSQL is away, or the shipped rules are broken.
pub async fn seed(pool: &PgPool, now: DateTime<Utc>) -> anyhow::Result<usize> {
    let mut tx = pool.begin().await?;
    let revision = sqlx::query_scalar!("SELECT revision FROM policy_state FOR UPDATE")
        .fetch_one(&mut *tx)
        .await?;
    let rules = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM rules"#)
        .fetch_one(&mut *tx)
        .await?;
    if rules > 0 {
        return Ok(0);
    }
    let shipped = csv::read(csv::SHIPPED_RULES).context("shipped rules")?;
    let revision = revision + 1;
    let mut entry = Entry::default();
    for (name, inherits) in &shipped.roles {
        if !roles::exists(&mut tx, name).await? {
            roles::insert(&mut tx, name, "", now, revision).await?;
        }
        roles::set_inherits(&mut tx, name, inherits).await?;
        entry.changes.push(Change::RoleSet { name: name.clone(), inherits: inherits.clone() });
    }
    for row in &shipped.rules {
        let rule = rules::insert(&mut tx, row, now, revision).await?;
        entry.changes.push(Change::RuleSet(rule));
    }
    let count = entry.changes.iter().filter(|c| matches!(c, Change::RuleSet(_))).count();
    journal::append(&mut tx, &Line { revision, at: now, entry }).await?;
    tx.commit().await?;
    Ok(count)
}
