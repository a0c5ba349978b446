//! The queue of e-mail to be sent, in PostgreSQL: a job commits or rolls back with the transaction
//! that asks for the message, and survives a crash of every server.
//!
//! The tables are apalis's. Its library offers no insert into a caller's transaction and no delayed
//! retry, so both are statements of ours. They are not checked at compile time: the library's own
//! migrations create the tables, and the database that `./dev sqlx` describes has only ours.

use std::time::Duration;

use apalis::prelude::{PollWith, StreamStrategy, TaskId};
use apalis_postgres::{Config, PostgresStorage, Pubsub};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use service::database::jobs;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;
use uuid::Uuid;

use super::notice::{self, Notice};
use crate::db::{AgreedClock, PgConnection, PgPool};

/// What the library calls the queue.
const QUEUE: &str = "auth-server/email";

/// Attempts to send a message. Their delays add up to half an hour.
pub(super) const MAX_ATTEMPTS: u8 = 22;

/// The longest delay between two attempts.
const MAX_DELAY: Duration = Duration::from_mins(2);

/// A worker without a heartbeat for `HEARTBEAT` × `MISSED_HEARTBEATS` is dead: other workers take
/// its jobs over. A worker also looks for jobs that have become due at each heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(2);
const MISSED_HEARTBEATS: u8 = 5;

/// When other workers take over the jobs of a silent one.
pub(super) const MAX_SILENCE: Duration =
    Duration::from_secs(HEARTBEAT.as_secs() * MISSED_HEARTBEATS as u64);

/// How long finished jobs and dead workers are kept, for operators to look at.
const RETENTION: TimeDelta = TimeDelta::days(1);
const RETENTION_INTERVAL: Duration = Duration::from_hours(1);

/// A message to be sent. It holds no token: the worker makes one when it renders the message.
#[derive(Clone, Deserialize, Serialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub(crate) enum EmailJob {
    /// Ask an account to confirm the address with this compare key, as long as it has that address.
    VerifyEmail { user: Uuid, email: String },
    /// Let the account with this confirmed address choose a new password. Jobs for addresses that
    /// no account has look the same.
    ResetPassword { email: String },
    /// Tell the owner of this address about a change of the account, made at this time.
    Notice { notice: Notice, email: String, at: DateTime<Utc> },
}

/// Adds a job to the queue, in the caller's transaction if there is one.
pub(crate) async fn enqueue(connection: &mut PgConnection, job: &EmailJob) -> sqlx::Result<()> {
    let payload = serde_json::to_vec(job).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query(
        "INSERT INTO apalis.jobs (id, job_type, job, max_attempts) VALUES ($1, $2, $3, $4)",
    )
    .bind(Ulid::generate().to_string())
    .bind(QUEUE)
    .bind(payload)
    .bind(i32::from(MAX_ATTEMPTS))
    .execute(connection)
    .await?;
    Ok(())
}

/// The queue as a worker sees it: notified of new jobs, one job at a time. With larger batches a
/// busy worker would send no heartbeat while it holds a job that it has not begun.
pub(super) fn storage(
    pool: &sqlx::PgPool,
) -> PollWith<PostgresStorage<EmailJob>, StreamStrategy<Pubsub>> {
    let config = Config::default()
        .queue(QUEUE)
        .batch_size(1)
        .heartbeat_interval(HEARTBEAT)
        .missed_heartbeats(MISSED_HEARTBEATS.into());
    PostgresStorage::new(pool).with_config(config).with_pubsub()
}

/// Makes a job that is about to fail due again only after the delay.
pub(super) async fn postpone(pool: &PgPool, job: &TaskId, delay: Duration) -> sqlx::Result<()> {
    sqlx::query("UPDATE apalis.jobs SET run_at = now() + make_interval(secs => $2) WHERE id = $1")
        .bind(job.to_string())
        .bind(delay.as_secs_f64())
        .execute(pool)
        .await?;
    Ok(())
}

/// The delay after this many attempts: one second, doubling up to the longest.
pub(super) fn delay_after(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    2_u64
        .checked_pow(doublings)
        .map_or(MAX_DELAY, |seconds| MAX_DELAY.min(Duration::from_secs(seconds)))
}

/// Deletes old jobs and workers at once and then hourly, until `stop`. Any number of servers may do
/// so at the same time.
pub(crate) async fn enforce_retention(pool: PgPool, clock: AgreedClock, stop: CancellationToken) {
    let mut tick = tokio::time::interval(RETENTION_INTERVAL);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        if let Err(error) = delete_old(&pool, &clock).await {
            tracing::warn!(%error, "finished e-mail jobs and old counts of notices were not deleted");
        }
    }
}

async fn delete_old(pool: &PgPool, clock: &AgreedClock) -> sqlx::Result<()> {
    let Some(now) = clock.agreed().await? else { return Ok(()) };
    let (jobs, workers) = jobs::delete_finished(pool, QUEUE, now - RETENTION).await?;
    tracing::debug!(jobs, workers, "deleted finished e-mail jobs");
    notice::delete_counts(pool, now.date_naive()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_two_minutes_and_add_up_to_half_an_hour() {
        let delays: Vec<u64> = (1..usize::from(MAX_ATTEMPTS))
            .map(|attempts| delay_after(attempts).as_secs())
            .collect();
        assert_eq!(delays[..9], [1, 2, 4, 8, 16, 32, 64, 120, 120]);
        assert_eq!(delays.iter().sum::<u64>(), 1807);
        assert_eq!(delay_after(1_000).as_secs(), 120);
    }
}
