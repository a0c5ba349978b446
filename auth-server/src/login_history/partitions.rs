//! The monthly partitions of the table.

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use sqlx::{AssertSqlSafe, Executor};

use crate::db::{PgConnection, PgPool};

/// Partitions created in advance, in addition to the current month.
const AHEAD: u32 = 2;

/// Advisory lock for creating and dropping partitions: one server at a time.
const LOCK: i64 = 0x0061_7574_6868_6973;

/// Prefix of partition names; year and month follow.
const PREFIX: &str = "login_history_";

/// Creates the missing partitions of this and the next months. Safe on several servers at once.
///
/// # Errors
/// The database is unavailable, or the table stays locked.
pub async fn prepare(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<()> {
    let existing = names(&mut pool.acquire().await?).await?;
    let missing: Vec<NaiveDate> = (0..=AHEAD)
        .filter_map(|n| month(now, n))
        .filter(|m| !existing.contains(&name(*m)))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut transaction = pool.begin().await?;
    lock(&mut transaction).await?;
    for month in missing {
        let Some(next) = month.checked_add_months(Months::new(1)) else { continue };
        let name = name(month);
        // Bounds of a partition cannot be parameters; names and dates come from this module.
        let statement = format!(
            "CREATE TABLE IF NOT EXISTS {name} PARTITION OF login_history
             FOR VALUES FROM ('{month} 00:00:00+00') TO ('{next} 00:00:00+00')"
        );
        transaction.execute(AssertSqlSafe(statement)).await?;
    }
    transaction.commit().await
}

/// Drops the oldest partition, if it only has rows from before `cutoff`. Returns its name.
pub(crate) async fn drop_oldest_before(
    pool: &PgPool,
    cutoff: DateTime<Utc>,
) -> sqlx::Result<Option<String>> {
    let mut transaction = pool.begin().await?;
    let Some(first_kept) = month(cutoff, 0).map(name) else { return Ok(None) };
    // Names of equal length sort by time.
    let old = names(&mut transaction)
        .await?
        .into_iter()
        .filter(|name| name.len() == first_kept.len() && *name < first_kept)
        .min();
    let Some(oldest) = old else { return Ok(None) };
    lock(&mut transaction).await?;
    transaction.execute(AssertSqlSafe(format!("DROP TABLE IF EXISTS {oldest}"))).await?;
    transaction.commit().await?;
    Ok(Some(oldest))
}

/// One server at a time, with a timeout: logins must not queue behind a lock request that waits.
async fn lock(transaction: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", LOCK).execute(&mut *transaction).await?;
    transaction.execute("SET LOCAL lock_timeout = '2s'").await?;
    Ok(())
}

async fn names(connection: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"SELECT c.relname::text AS "name!" FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
           WHERE i.inhparent = 'login_history'::regclass"#
    )
    .fetch_all(connection)
    .await
}

/// The first day of the month `ahead` months after that of `at`.
fn month(at: DateTime<Utc>, ahead: u32) -> Option<NaiveDate> {
    at.date_naive().with_day(1)?.checked_add_months(Months::new(ahead))
}

fn name(month: NaiveDate) -> String {
    format!("{PREFIX}{}", month.format("%Y_%m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_continue_in_the_next_year() {
        let at = DateTime::from_timestamp(1_798_675_200, 0).unwrap(); // 2026-12-31
        let names: Vec<String> = (0..3).filter_map(|n| month(at, n)).map(name).collect();
        assert_eq!(
            names,
            ["login_history_2026_12", "login_history_2027_01", "login_history_2027_02"]
        );
    }
}
