//! Stores the ticks of the schedule as jobs.

use std::time::Duration;

use apalis::prelude::{TaskBuilder, TaskSink, TaskSinkError};
use apalis_postgres::{Error, PostgresStorage};
use chrono::{DateTime, Utc};
use cron::Schedule;
use service::database::AgreedClock;
use tokio_util::sync::CancellationToken;

use super::{ATTEMPTS, job::LabelFilms};
use crate::metrics::Metrics;

/// The longest sleep before the clock is read again, which may have been set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// Time until the next try while PostgreSQL is unavailable or the clocks differ.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// The ticks of a schedule.
pub(super) struct Ticks {
    pub(super) schedule: Schedule,
    pub(super) clock: AgreedClock,
    pub(super) metrics: Metrics,
}

impl Ticks {
    /// Stores each tick as a job until `stop`. Every process stores every tick, and the first one counts;
    /// so a clock that is ahead would take away ticks that are still to come: a tick is stored once
    /// PostgreSQL's clock agrees. Of ticks that have passed meanwhile one is stored.
    pub(super) async fn keep(
        self,
        mut queue: PostgresStorage<LabelFilms>,
        stop: CancellationToken,
    ) {
        let mut last = self.clock.unconfirmed().now();
        while !stop.is_cancelled() {
            let now = self.clock.unconfirmed().now();
            // The clock was set back.
            last = last.min(now);
            let Some(tick) = self.schedule.after(&last).next() else {
                tracing::warn!("the schedule has no further ticks");
                return stop.cancelled().await;
            };
            self.metrics.set_next_run(tick);
            let sleep = if tick > now {
                (tick - now).to_std().unwrap_or_default().min(LONGEST_SLEEP)
            } else if self.agrees().await && store(&mut queue, tick).await {
                last = now;
                continue;
            } else {
                RETRY_INTERVAL
            };
            stop.run_until_cancelled(tokio::time::sleep(sleep)).await;
        }
    }

    async fn agrees(&self) -> bool {
        match self.clock.agreed().await {
            Ok(time) => time.is_some(),
            Err(error) => {
                tracing::error!(%error, "cannot compare the clock with PostgreSQL's");
                false
            }
        }
    }
}

/// False if the tick has to be stored again.
async fn store(queue: &mut PostgresStorage<LabelFilms>, tick: DateTime<Utc>) -> bool {
    let tick = tick.timestamp().max(0).cast_unsigned();
    let task = TaskBuilder::new(LabelFilms { tick })
        .idempotency_key(tick.to_string())
        .max_attempts(ATTEMPTS)
        .build();
    match queue.push_task(task).await {
        Ok(()) => tracing::debug!(tick, "tick stored"),
        Err(error) if is_duplicate(&error) => {
            tracing::debug!(tick, "another process has stored the tick already");
        }
        Err(error) => {
            tracing::error!(%error, tick, "cannot store the tick");
            return false;
        }
    }
    true
}

/// The unique key of the tick admits only the first.
fn is_duplicate(error: &TaskSinkError<Error>) -> bool {
    let TaskSinkError::PushError(Error::Database(error)) = error else { return false };
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
