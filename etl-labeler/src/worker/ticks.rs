//! Turns the ticks of the schedule into jobs.

use std::pin::pin;

use apalis::prelude::{TaskBuilder, TaskSink, TaskSinkError};
use apalis_cron::{CronScheduler, Tick};
use apalis_postgres::{Error, PostgresStorage};
use cron::Schedule;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::{ATTEMPTS, job::LabelFilms};

/// Stores each tick as a job until `stop`. A tick that can't be stored is lost; the next one does
/// its work.
pub(super) async fn keep(
    schedule: Schedule,
    mut queue: PostgresStorage<LabelFilms>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let mut ticks = pin!(CronScheduler::new(schedule.clone()).into_stream());
        loop {
            let tick = tokio::select! {
                () = stop.cancelled() => return,
                tick = ticks.next() => tick,
            };
            match tick {
                Some(Ok(tick)) => store(&mut queue, &tick).await,
                // A stream that has missed its tick stays behind for good: begin a new one.
                Some(Err(_)) => break,
                None => return tracing::warn!("the schedule has no more ticks"),
            }
        }
    }
}

async fn store(queue: &mut PostgresStorage<LabelFilms>, tick: &Tick) {
    let tick = tick.get_timestamp();
    let task = TaskBuilder::new(LabelFilms { tick })
        .idempotency_key(tick.to_string())
        .max_attempts(ATTEMPTS)
        .build();
    match queue.push_task(task).await {
        Ok(()) => tracing::debug!(tick, "tick stored"),
        Err(error) if is_repeated(&error) => {
            tracing::debug!(tick, "another process stored it");
        }
        Err(error) => tracing::error!(%error, tick, "can't store the tick"),
    }
}

/// Every process stores every tick, and the tick's key lets the first one through.
fn is_repeated(error: &TaskSinkError<Error>) -> bool {
    let TaskSinkError::PushError(Error::Database(error)) = error else { return false };
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
