//! Jobs of a queue in PostgreSQL.

use chrono::{DateTime, Utc};
use sqlx::{Executor, Postgres};

/// Deletes the jobs of a queue that finished, and its workers that were last seen, before this time.
/// Returns how many of each. Any number of processes may do so at the same time.
///
/// # Errors
/// PostgreSQL is unavailable.
pub async fn delete_finished<'p>(
    pool: impl Executor<'p, Database = Postgres> + Copy,
    queue: &str,
    before: DateTime<Utc>,
) -> sqlx::Result<(u64, u64)> {
    let jobs = sqlx::query(
        "DELETE FROM apalis.jobs WHERE job_type = $1 AND done_at < $2
             AND (status IN ('Done', 'Killed') OR status = 'Failed' AND attempts >= max_attempts)",
    )
    .bind(queue)
    .bind(before)
    .execute(pool)
    .await?;
    let workers = sqlx::query(
        "DELETE FROM apalis.workers w WHERE worker_type = $1 AND last_seen < $2
             AND NOT EXISTS (SELECT FROM apalis.jobs j WHERE j.lock_by = w.id)",
    )
    .bind(queue)
    .bind(before)
    .execute(pool)
    .await?;
    Ok((jobs.rows_affected(), workers.rows_affected()))
}
