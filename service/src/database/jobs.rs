//! Jobs of a queue in PostgreSQL.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Executor, Postgres};
use tokio::time::{Instant, sleep};

use super::PgPool;

/// Time between two looks at the heartbeat of a worker.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

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

/// Completes when no worker whose id is like this has sent a heartbeat for `max_silence`, while PostgreSQL has
/// answered for as long. The library of the queue has no deadlines: it waits for ever on a connection that has died
/// silently.
pub async fn stalled(pool: &PgPool, worker: &str, max_silence: Duration) {
    let mut answers_since = None;
    loop {
        sleep(LOOK_INTERVAL).await;
        let Ok(silence) = silence(pool, worker).await else {
            answers_since = None;
            continue;
        };
        let answers_since: Instant = *answers_since.get_or_insert_with(Instant::now);
        let answers_for = answers_since.elapsed();
        if silence.unwrap_or(answers_for).min(answers_for) > max_silence {
            return;
        }
    }
}

/// Time since the last heartbeat; `None` before the first.
async fn silence(pool: &PgPool, worker: &str) -> sqlx::Result<Option<Duration>> {
    let seconds: Option<f64> = sqlx::query_scalar(
        "SELECT extract(epoch FROM now() - max(last_seen))::float8 FROM apalis.workers
         WHERE id LIKE $1",
    )
    .bind(worker)
    .fetch_one(pool)
    .await?;
    // A clock of PostgreSQL that was set back does not count.
    Ok(seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default()))
}
