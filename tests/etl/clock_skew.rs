//! A machine whose clock is set wrong, and right again.

use std::fs;
use std::process::Stdio;

use tests::faketime::wrong_clock;
use tests::program::signal;
use tests::{Database, free_port, until};

use crate::films::{Films, finished};

const EVERY_SECOND: &str = "* * * * * *";

/// Ticks that are still to come.
const FUTURE: &str = "SELECT count(*) FROM apalis.jobs WHERE idempotency_key::bigint > extract(epoch FROM now()) + 60";

#[tokio::test]
async fn a_clock_that_jumps_ahead_and_back_suppresses_no_tick() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let Some(wrong) = wrong_clock(file.path()) else { return };
    fs::write(file.path(), "+0\n").unwrap();
    let (films, database, port) = (Films::new(), Database::empty().await, free_port());
    films.import_many(3).await;
    let mut command = films.command(&["run"]);
    command.env("DATABASE_URL", &database.url).env("ETL_SCHEDULE", EVERY_SECOND).envs(wrong);
    command.env("ETL_OPS_LISTEN", format!("127.0.0.1:{port}")).stdout(Stdio::null());
    let worker = command.spawn().unwrap();
    until("labelled", async || films.labelled().await == 3).await;
    let ready = async || {
        reqwest::get(format!("http://127.0.0.1:{port}/health/ready")).await.unwrap().status()
    };
    for error in ["+2h", "-2h"] {
        fs::write(file.path(), format!("{error}\n")).unwrap();
        until("not ready", async || ready().await == 503).await;
        fs::write(file.path(), "+0\n").unwrap();
        until("ready", async || ready().await == 200).await;
        let all = "SELECT count(*) FROM apalis.jobs";
        let before = database.count(all).await;
        until("ticks again", async || database.count(all).await > before).await;
    }
    assert_eq!(database.count(FUTURE).await, 0);
    signal(worker.id().unwrap(), "TERM");
    let ended = finished(worker).await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("7200 s ahead of PostgreSQL's"), "{ended:?}");
}

#[tokio::test]
async fn a_run_by_a_wrong_clock_changes_no_label() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let Some(wrong) = wrong_clock(file.path()) else { return };
    let films = Films::new();
    films.import_many(3).await;
    fs::write(file.path(), "+400d\n").unwrap();
    let ended = finished(films.command(&["once"]).envs(wrong).spawn().unwrap()).await;
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("34560000 s ahead of PostgreSQL's"), "{ended:?}");
    assert_eq!(films.labelled().await, 0);
}
