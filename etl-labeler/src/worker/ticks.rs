//! Stores the ticks of the schedule as jobs.

use std::pin::pin;

use apalis::prelude::{TaskBuilder, TaskSink, TaskSinkError};
use apalis_cron::{CronScheduler, Tick};
use apalis_postgres::{Error, PostgresStorage};
use cron::Schedule;
use futures::StreamExt;
use service::clock::Clock;
use tokio_util::sync::CancellationToken;

use super::{ATTEMPTS, job::LabelFilms};
use crate::metrics::Metrics;

/// The ticks of a schedule.
pub(super) struct Ticks {
    pub(super) schedule: Schedule,
    pub(super) clock: Clock,
    pub(super) metrics: Metrics,
}

impl Ticks {
    /// Stores each tick as a job until `stop`. A tick that cannot be stored is lost; the next one makes
    /// up for it.
    pub(super) async fn keep(
        self,
        mut queue: PostgresStorage<LabelFilms>,
        stop: CancellationToken,
    ) {
        while !stop.is_cancelled() {
            let mut ticks = pin!(CronScheduler::new(self.schedule.clone()).into_stream());
            loop {
                let tick = tokio::select! {
                    () = stop.cancelled() => return,
                    tick = ticks.next() => tick,
                };
                match tick {
                    Some(Ok(tick)) => {
                        store(&mut queue, &tick).await;
                        self.show_next();
                    }
                    // A stream that has missed a tick never catches up: start a new one.
                    Some(Err(_)) => break,
                    None => return tracing::warn!("the schedule has no further ticks"),
                }
            }
        }
    }

    fn show_next(&self) {
        if let Some(next) = self.schedule.after(&self.clock.now()).next() {
            self.metrics.set_next_run(next);
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
        Err(error) if is_duplicate(&error) => {
            tracing::debug!(tick, "another process has stored the tick already");
        }
        Err(error) => tracing::error!(%error, tick, "cannot store the tick"),
    }
}

/// Every process inserts every tick; the unique key of the tick admits only the first.
fn is_duplicate(error: &TaskSinkError<Error>) -> bool {
    let TaskSinkError::PushError(Error::Database(error)) = error else { return false };
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
