//! Labeling on a schedule. Ticks become jobs in PostgreSQL, so that any number of processes share one
//! schedule, and one process takes over what another leaves unfinished.

mod changes;
mod health;
mod job;
mod retention;
mod source;
mod ticks;

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use apalis::{
    layers::retry::{HasherRng, backoff::ExponentialBackoffMaker, backoff::MakeBackoff},
    prelude::{BackoffRetryPolicy, BoxDynError, Monitor, WorkerBuilder, WorkerBuilderExt},
};
use apalis_postgres::{Config as Queue, PostgresStorage};
use policies::label_rules::LabelRules;
use service::{
    build,
    clock::Clock,
    config::ConfigError,
    database::{
        self, AgreedClock, DEFAULT_TOLERANCE, DatabaseUrl, Limits, PgPool as WatchingPool, jobs,
    },
    health::{LivenessApi, Recent},
    lifecycle::Lifecycle,
    ops,
    server::{Drain, ListenError, Listener},
    shutdown,
};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{LabelerError, clock, config::Config, elastic::Elastic, metrics::Metrics};
use health::ReadinessApi;
use job::{LabelFilms, Labeler};

/// A worker without a heartbeat for `HEARTBEAT` × `MISSED` is considered dead; its job goes to another.
const HEARTBEAT: Duration = Duration::from_secs(2);
const MISSED: usize = 4;

/// A worker that is silent for so long, although PostgreSQL answers, waits for a connection that has died. It cannot be
/// ended without the process.
const MAX_SILENCE: Duration = Duration::from_secs(15);

/// Attempts at a failing run, with increasing delays; then it is left to the next tick.
const ATTEMPTS: usize = 5;
const MIN_DELAY: Duration = Duration::from_secs(2);
const MAX_DELAY: Duration = Duration::from_mins(1);
const JITTER: f64 = 0.5;

/// On a signal the current page is finished; nothing may delay the exit for longer than this.
const SHUTDOWN: Duration = Duration::from_secs(30);

/// A database that is down is reported, not waited for.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Works until SIGTERM or SIGINT.
///
/// # Errors
/// Something that `run` needs is missing at the start, or the worker fails for good.
pub async fn run(
    config: Config,
    elastic: Elastic,
    rules: LabelRules,
    clock: Clock,
) -> Result<(), LabelerError> {
    let stop = shutdown::token().map_err(LabelerError::Signals)?;
    let (lifecycle, metrics) = (Lifecycle::default(), Metrics::new());
    let schedule = config.labeling.schedule.0.clone();
    let next_run = schedule.after(&clock.now()).next().ok_or_else(never)?;
    let url = config.database.url.clone().ok_or(ConfigError::Missing("DATABASE_URL"))?;
    source::check(&config.source).await?;
    let pool = connect(&url).await?;
    let watching = WatchingPool::new(url.options().clone(), 1, CONNECT_TIMEOUT, Limits::REQUEST);
    let agreed = AgreedClock::new(pool.clone().into(), clock.clone(), DEFAULT_TOLERANCE);
    let health = ReadinessApi {
        elastic: elastic.at_once(),
        clock: agreed.clone(),
        states: Recent::default(),
    };
    let ops_address = serve_ops(&config, &lifecycle, &metrics, health).await?;
    let queue = queue(&config, &pool);
    tracing::info!(
        version = build::VERSION,
        commit = build::COMMIT,
        ops_address = ops_address.map(tracing::field::display),
        elasticsearch = %config.elasticsearch.url,
        index = %config.elasticsearch.index,
        %schedule,
        next_run = %clock::text(next_run),
        "started"
    );
    metrics.set_next_run(next_run);
    let ticks = ticks::Ticks { schedule, clock: agreed.clone(), metrics: metrics.clone() };
    lifecycle.spawn("schedule", ticks.keep(queue.clone(), lifecycle.stop_token()));
    let retention = retention::enforce(pool, queue_name(&config), agreed, lifecycle.stop_token());
    lifecycle.spawn("retention", retention);
    let changes_interval = config.labeling.changes_interval();
    let labeler = Arc::new(Labeler {
        elastic: elastic.waiting(config.import.retry_for(), &stop),
        rules,
        page_size: config.labeling.page_size.get(),
        loss_limit: config.labeling.loss_limit(),
        source: config.source,
        retry_for: config.import.retry_for(),
        database: url,
        metrics,
        clock,
        stop: stop.clone(),
        labelled_at: AtomicU64::new(0),
    });
    if let Some(interval) = changes_interval {
        let (watch, stopped) =
            (changes::watch(Arc::clone(&labeler), interval), lifecycle.stop_token());
        // It ends with the signal, before the process has stopped.
        lifecycle.spawn("changed films", async move {
            watch.await;
            stopped.cancelled_owned().await;
        });
    }
    let process = format!("etl-labeler-{}", Uuid::now_v7());
    lifecycle.spawn("queue", watch_heartbeat(watching, &process, stop.clone(), &lifecycle));
    let signal = async move {
        stop.cancelled().await;
        Ok(())
    };
    let worked = monitor(process, queue, labeler)?.run_with_signal(signal).await;
    lifecycle.stop().await;
    worked.map_err(|error| LabelerError::Worker(error.to_string()))
}

/// Ends if the worker waits for a connection that has died: the process then does not count as live.
fn watch_heartbeat(
    pool: WatchingPool,
    process: &str,
    signal: CancellationToken,
    lifecycle: &Lifecycle,
) -> impl Future<Output = ()> + use<> {
    let (workers, stopped) = (format!("{process}-%"), lifecycle.stop_token());
    async move {
        let stalled = jobs::stalled(&pool, &workers, MAX_SILENCE);
        if signal.run_until_cancelled(stalled).await.is_none() {
            stopped.cancelled().await;
        }
    }
}

/// Serves metrics and health until the process stops.
async fn serve_ops(
    config: &Config,
    lifecycle: &Lifecycle,
    metrics: &Metrics,
    health: ReadinessApi,
) -> Result<Option<SocketAddr>, ListenError> {
    let Some(address) = &config.server.ops_listen else { return Ok(None) };
    let health = (LivenessApi(lifecycle.clone()), health);
    let endpoint = ops::endpoint(health, Arc::clone(&metrics.registry), async || {});
    let listener = Listener::bind("ETL_OPS_LISTEN", address, endpoint).await?;
    let (address, stop) = (listener.address(), lifecycle.stop_token());
    lifecycle.spawn("operators' listener", listener.run(stop.cancelled_owned(), Drain::OPS));
    Ok(Some(address))
}

fn monitor(
    process: String,
    queue: PostgresStorage<LabelFilms>,
    labeler: Arc<Labeler>,
) -> Result<Monitor, LabelerError> {
    let retry = BackoffRetryPolicy::new(ATTEMPTS - 1, backoff()?)
        .retry_if(|error: &BoxDynError| !job::is_interrupted(error));
    // One name per process: a job of a dead worker is taken over only by a worker of another name.
    let monitor = Monitor::new().register(move |restarts| {
        WorkerBuilder::new(format!("{process}-{restarts}"))
            .backend(queue.clone())
            .data(labeler.clone())
            .concurrency(1)
            .retry(retry.clone())
            .catch_panic()
            .build(job::label_films)
    });
    let restart = monitor.should_restart(|_, error| {
        tracing::error!(%error, "the worker failed and restarts");
        true
    });
    Ok(restart.shutdown_timeout(SHUTDOWN))
}

/// Connects to PostgreSQL and creates or migrates the tables of the queue.
async fn connect(url: &DatabaseUrl) -> Result<PgPool, LabelerError> {
    // A pool would say only how long it waited.
    database::connect(url.options())
        .await
        .map_err(|source| LabelerError::Connect { database: url.to_string(), source })?;
    let connect = |limits: Limits| {
        let pool = PgPoolOptions::new().acquire_timeout(CONNECT_TIMEOUT);
        pool.connect_with(limits.direct(url.options()))
    };
    let migrating = connect(Limits::MAINTENANCE).await?;
    PostgresStorage::setup(&migrating).await?;
    migrating.close().await;
    Ok(connect(Limits::REQUEST).await?)
}

fn queue_name(config: &Config) -> String {
    format!("etl-labeler/{}", config.elasticsearch.index)
}

/// The jobs of this index.
fn queue(config: &Config, pool: &PgPool) -> PostgresStorage<LabelFilms> {
    let queue = Queue::default()
        .queue(queue_name(config))
        .batch_size(1)
        .heartbeat_interval(HEARTBEAT)
        .missed_heartbeats(MISSED);
    PostgresStorage::new(pool).with_config(queue)
}

/// A schedule such as `0 0 0 30 2 *`.
fn never() -> ConfigError {
    ConfigError::Invalid("ETL_SCHEDULE never fires: there is no such date".to_owned())
}

fn backoff()
-> Result<impl apalis::layers::retry::backoff::Backoff<Future: Send> + Clone, LabelerError> {
    let rng = HasherRng::default();
    ExponentialBackoffMaker::new(MIN_DELAY, MAX_DELAY, JITTER, rng)
        .map(|mut maker| maker.make_backoff())
        .map_err(|error| LabelerError::Worker(error.to_string()))
}
