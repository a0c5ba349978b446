//! The shipped rules, for a new database.

use chrono::{DateTime, Utc};
use policies::csv::CsvError;
use policies::{Change, csv};

use super::journal::{self, Delta, JournalEntry};
use super::revisions::before::{Before, RoleState};
use super::revisions::store::{self as revisions, KeptWrite};
use super::{roles, rules};
use crate::audit::{Actor, AuditRecord};
use crate::db::PgPool;

/// Why the shipped rules were not inserted.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The database refused a statement or is unavailable.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The rules built into this program are invalid.
    #[error("the shipped rules are invalid: {0}")]
    Shipped(#[from] CsvError),
}

/// Inserts the shipped rules if there are no rules yet. Returns their number, 0 if there were rules.
///
/// # Errors
/// The database is unavailable, or the shipped rules are invalid.
pub async fn seed(pool: &PgPool, now: DateTime<Utc>) -> Result<usize, SeedError> {
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
    let shipped = csv::read(csv::SHIPPED_RULES)?;
    let revision = revision + 1;
    let (mut delta, mut before) = (Delta::default(), Before::default());
    for role in &shipped.roles {
        let (name, inherits) = (&role.name, &role.inherits);
        let stored = roles::find(&mut *tx, name).await?;
        if stored.is_none() {
            roles::insert(&mut tx, name, role.description.as_str(), now, revision).await?;
        }
        let state = stored.as_ref().map(RoleState::of).transpose()?;
        before.roles.insert(name.clone(), state);
        roles::set_inherits(&mut tx, name, inherits).await?;
        delta.changes.push(Change::RoleSet { name: name.clone(), inherits: inherits.clone() });
    }
    for row in &shipped.rules {
        let rule = rules::insert(&mut tx, row, now, revision).await?;
        before.rules.insert(rule.id, None);
        delta.changes.push(Change::RuleSet(rule));
    }
    journal::append(&mut tx, &JournalEntry { revision, at: now, delta }).await?;
    let record = &AuditRecord::new(Actor::CommandLine, "migrate", "policy");
    let kept = KeptWrite { revision, previous: revision - 1, at: now, record, before: &before };
    revisions::append(&mut tx, kept).await?;
    tx.commit().await?;
    Ok(shipped.rules.len())
}
