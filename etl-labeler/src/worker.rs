//! Labelling on a schedule. Ticks become jobs in PostgreSQL, so that any number of processes share
//! one schedule, and what one of them leaves unfinished another takes over.

mod job;
mod metrics;
mod ticks;

use std::{sync::Arc, time::Duration};

use apalis::{
    layers::retry::{HasherRng, backoff::ExponentialBackoffMaker, backoff::MakeBackoff},
    prelude::{BackoffRetryPolicy, BoxDynError, Monitor, WorkerBuilder, WorkerBuilderExt},
};
use apalis_postgres::{Config as Queue, PostgresStorage};
use policies::label_rules::LabelRules;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    LabelerError,
    config::{Config, ConfigError},
    elastic::Elastic,
    signal,
};
use job::{LabelFilms, Labeler};

/// A worker that shows no life for `HEARTBEAT` × `MISSED` is dead, and its job goes to another.
const HEARTBEAT: Duration = Duration::from_secs(2);
const MISSED: usize = 4;

/// A failing run is tried this often, with growing pauses, and then left to the next tick.
const ATTEMPTS: usize = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
const JITTER: f64 = 0.5;

/// On a signal the page in work is finished; then nothing may hold the process longer than this.
const SHUTDOWN: Duration = Duration::from_secs(30);

/// Works until SIGTERM or SIGINT.
///
/// # Errors
/// Something that `run` needs is missing at the start, or the worker breaks down for good.
pub async fn run(config: Config, elastic: Elastic, rules: LabelRules) -> Result<(), LabelerError> {
    metrics::serve(config.ops_listen)?;
    let stop = CancellationToken::new();
    signal::cancel_on_signal(stop.clone())?;
    let queue = queue(&config).await?;
    let ticks = tokio::spawn(ticks::keep(config.etl_schedule.clone(), queue.clone(), stop.clone()));
    let page_size = config.etl_page_size.get();
    let labeler = Labeler::new(elastic, rules, page_size, stop.clone());
    let monitor = monitor(queue, Arc::new(labeler))?;
    tracing::info!(schedule = %config.etl_schedule, "waiting for the next tick");
    let stopped = stop.clone();
    let signal = async move {
        stopped.cancelled().await;
        Ok(())
    };
    let worked = monitor.run_with_signal(signal).await;
    stop.cancel();
    let _ = ticks.await;
    worked.map_err(|error| LabelerError::Worker(error.to_string()))
}

fn monitor(
    queue: PostgresStorage<LabelFilms>,
    labeler: Arc<Labeler>,
) -> Result<Monitor, LabelerError> {
    let retry = BackoffRetryPolicy::new(ATTEMPTS - 1, backoff()?)
        .retry_if(|error: &BoxDynError| !job::is_interrupted(error));
    // One name per process: a job of a dead worker is taken over only by a worker of another name.
    let process = Uuid::now_v7();
    let monitor = Monitor::new().register(move |restarts| {
        WorkerBuilder::new(format!("etl-labeler-{process}-{restarts}"))
            .backend(queue.clone())
            .data(labeler.clone())
            .concurrency(1)
            .retry(retry.clone())
            .catch_panic()
            .build(job::label_films)
    });
    let restart = monitor.should_restart(|_, error| {
        tracing::error!(%error, "the worker broke down and starts again");
        true
    });
    Ok(restart.shutdown_timeout(SHUTDOWN))
}

/// The jobs of this index; its tables are made or brought up to date first.
async fn queue(config: &Config) -> Result<PostgresStorage<LabelFilms>, LabelerError> {
    let url = config.database_url.as_deref().ok_or(ConfigError::Missing("DATABASE_URL"))?;
    let database = |error: &dyn std::fmt::Display| LabelerError::Database(error.to_string());
    let pool = PgPool::connect(url).await.map_err(|e| database(&e))?;
    PostgresStorage::setup(&pool).await.map_err(|e| database(&e))?;
    let queue = Queue::default()
        .queue(format!("etl-labeler/{}", config.films_index))
        .batch_size(1)
        .heartbeat_interval(HEARTBEAT)
        .missed_heartbeats(MISSED);
    Ok(PostgresStorage::new(&pool).with_config(queue))
}

fn backoff()
-> Result<impl apalis::layers::retry::backoff::Backoff<Future: Send> + Clone, LabelerError> {
    let rng = HasherRng::default();
    ExponentialBackoffMaker::new(FIRST_PAUSE, LONGEST_PAUSE, JITTER, rng)
        .map(|mut maker| maker.make_backoff())
        .map_err(|error| LabelerError::Worker(error.to_string()))
}
