use std::time::Duration;

use auth_server::db::PgPool;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Executor;
use tests::program::signal;
use tests::{Database, Proxy, free_port, until};
use tokio::process::Child;
use tokio::time::sleep;

use crate::films::{Films, finished};

/// A schedule with one tick in a few seconds, and none after it for a year.
#[expect(clippy::disallowed_methods, reason = "a tick near the program's own now")]
pub(crate) fn one_tick() -> String {
    let tick: DateTime<Utc> = Utc::now() + TimeDelta::seconds(3);
    tick.format("%S %M %H %d %m *").to_string()
}

const NEVER: &str = "0 0 0 29 2 *";

fn worker(films: &Films, database: &str, schedule: &str, page_size: &str) -> Child {
    let mut command = films.command(&["run"]);
    command.env("DATABASE_URL", database).env("ETL_SCHEDULE", schedule);
    command.env("ETL_PAGE_SIZE", page_size).spawn().unwrap()
}

fn stop(child: &Child, name: &str) {
    signal(child.id().unwrap(), name);
}

/// Status and attempts of all jobs; none before a worker has created the table.
pub(crate) async fn jobs(pool: &PgPool) -> Vec<(String, i32)> {
    let jobs = sqlx::query_as("SELECT status, attempts FROM apalis.jobs").fetch_all(pool).await;
    jobs.unwrap_or_default()
}

/// The metrics, empty before they are served.
pub(crate) async fn metrics(port: u16) -> String {
    let answer = reqwest::get(format!("http://127.0.0.1:{port}/metrics")).await;
    let Ok(answer) = answer else { return String::new() };
    answer.text().await.unwrap()
}

#[tokio::test]
async fn two_workers_run_each_scheduled_job_once() {
    let (films, database) = (Films::new(), Database::empty().await);
    let pool = database.pool().await;
    films.import_many(20).await;
    let schedule = one_tick();
    let workers = [0, 1].map(|_| worker(&films, &database.url, &schedule, "5"));
    until("labelled", async || films.labelled().await == 20).await;
    sleep(Duration::from_secs(3)).await;
    let mut summaries = String::new();
    for worker in workers {
        stop(&worker, "TERM");
        let ended = finished(worker).await;
        assert_eq!(ended.status, Some(0), "{ended:?}");
        summaries += &ended.stdout;
    }
    assert_eq!(summaries.matches("seen=20").count(), 1, "{summaries}");
    assert_eq!(jobs(&pool).await, [("Done".to_owned(), 1)]);
}

#[tokio::test]
async fn the_next_worker_finishes_a_killed_run() {
    let (films, database) = (Films::new(), Database::empty().await);
    let pool = database.pool().await;
    films.import_many(1500).await;
    let mut killed = worker(&films, &database.url, &one_tick(), "1");
    until("begun", async || films.labelled().await > 0).await;
    killed.kill().await.unwrap();
    let done = films.labelled().await;
    assert!(done < 1500, "it was over before it was killed");

    let next = worker(&films, &database.url, NEVER, "5000");
    until("finished", async || films.labelled().await == 1500).await;
    until("marked", async || jobs(&pool).await.iter().all(|(status, _)| status == "Done")).await;
    assert_eq!(jobs(&pool).await.len(), 1);
    stop(&next, "INT");
    let next = finished(next).await;
    assert_eq!(next.status, Some(0), "{next:?}");
    // A bulk request in flight when the worker was killed may be applied after the count.
    let left = 1500 - done;
    assert!((left - 1..=left).contains(&next.number("written")), "{left} left, {next:?}");
}

#[tokio::test]
async fn the_next_worker_continues_a_stopped_run() {
    let (films, database) = (Films::new(), Database::empty().await);
    let pool = database.pool().await;
    films.import_many(1500).await;
    let stopped = worker(&films, &database.url, &one_tick(), "1");
    until("begun", async || films.labelled().await > 0).await;
    stop(&stopped, "TERM");
    let stopped = finished(stopped).await;
    assert_eq!(stopped.status, Some(0), "{stopped:?}");
    let done = films.labelled().await;
    assert!(done < 1500, "it was over before it was stopped");
    assert_eq!(films.open_contexts().await, 0);
    assert_eq!(jobs(&pool).await, [("Failed".to_owned(), 1)]);

    let next = worker(&films, &database.url, NEVER, "5000");
    until("finished", async || films.labelled().await == 1500).await;
    until("marked", async || jobs(&pool).await == [("Done".to_owned(), 2)]).await;
    drop(next);
}

#[tokio::test]
async fn a_failed_run_is_retried() {
    let (films, database) = (Films::new(), Database::empty().await);
    let pool = database.pool().await;
    let port = free_port();
    let mut command = films.command(&["run"]);
    command.env("DATABASE_URL", &database.url).env("ETL_SCHEDULE", one_tick());
    let failing = command.env("ETL_OPS_LISTEN", format!("127.0.0.1:{port}")).spawn().unwrap();
    let metric = "etl_runs_total{outcome=\"failure\"} 1";
    until("failed", async || metrics(port).await.contains(metric)).await;
    films.import_many(3).await;
    until("labelled", async || films.labelled().await == 3).await;
    until("marked", async || jobs(&pool).await.iter().all(|(status, _)| status == "Done")).await;
    stop(&failing, "TERM");
    assert_eq!(finished(failing).await.number("written"), 3);
}

#[tokio::test]
async fn metrics_are_served_from_the_start() {
    let (films, database) = (Films::new(), Database::empty().await);
    films.import_many(7).await;
    let port = free_port();
    let mut command = films.command(&["run"]);
    command.env("DATABASE_URL", &database.url).env("ETL_SCHEDULE", one_tick());
    let _run = command.env("ETL_OPS_LISTEN", format!("127.0.0.1:{port}")).spawn().unwrap();
    until("served", async || metrics(port).await.contains("etl_films_written_total 0")).await;
    until("counted", async || metrics(port).await.contains("etl_films_written_total 7")).await;
    let line = "etl_runs_total{outcome=\"success\"} 1";
    until("succeeded", async || metrics(port).await.contains(line)).await;
    assert!(metrics(port).await.contains("etl_outdated_films 0"));
}

#[tokio::test]
async fn a_worker_whose_connection_died_silently_is_not_live() {
    let (films, database, port) = (Films::new(), Database::empty().await, free_port());
    let (proxy, url) = Proxy::to_url(&database.url).await;
    let mut command = films.command(&["run"]);
    command.env("DATABASE_URL", &url).env("ETL_SCHEDULE", NEVER);
    command.env("ETL_OPS_LISTEN", format!("127.0.0.1:{port}"));
    let worker = command.spawn().unwrap();
    let live = async || {
        let answer = reqwest::get(format!("http://127.0.0.1:{port}/health/live")).await;
        answer.map_or(0, |answer| answer.status().as_u16())
    };
    until("live", async || live().await == 200).await;
    let workers = "SELECT count(*) FROM apalis.workers";
    until("registered", async || database.count(workers).await > 0).await;
    // The heartbeat is sent, and its answer never arrives.
    let mut lock = database.connect().await;
    lock.execute("BEGIN; SELECT FROM apalis.workers FOR UPDATE").await.unwrap();
    database.wait_for_lock().await;
    proxy.freeze();
    drop(lock);
    until("not live", async || live().await == 503).await;
    stop(&worker, "KILL");
    finished(worker).await;
}
