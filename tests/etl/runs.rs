//! What disturbs a run, and what runs leave to each other.

use std::time::Duration;

use auth_server::db::PgPool;
use serde_json::{Value, json};
use tests::program::signal;
use tests::{Database, free_port, until};
use tokio::process::Child;

use crate::films::{Films, finished};
use crate::worker::{jobs, metrics};

const NEVER: &str = "0 0 0 29 2 *";

/// A worker that looks for changed films every second.
fn watching(films: &Films, database: &Database, port: u16) -> Child {
    let mut command = films.command(&["run"]);
    command.env("DATABASE_URL", &database.url).env("ETL_SCHEDULE", NEVER);
    command.env("ETL_CHANGES_SECONDS", "1").env("ETL_OPS_LISTEN", format!("127.0.0.1:{port}"));
    command.spawn().unwrap()
}

async fn unlabelled(films: &Films) -> u64 {
    let status = films.run(&["status", "--json"]).await;
    assert_eq!(status.status, Some(0), "{status:?}");
    serde_json::from_str::<Value>(&status.stdout).unwrap()["unlabelled_films"].as_u64().unwrap()
}

/// How many films the worker has read.
async fn seen(port: u16) -> u64 {
    let metrics = metrics(port).await;
    let line = metrics.lines().find_map(|line| line.strip_prefix("etl_films_seen_total "));
    line.map_or(0, |films| films.parse().unwrap())
}

#[tokio::test]
async fn films_that_others_change_are_labelled_without_a_tick() {
    let (films, database, port) = (Films::new(), Database::empty().await, free_port());
    let mapping = json!({ "properties": {
        "mpaa_rating": { "type": "keyword" },
        "release_date": { "type": "date", "format": "strict_date" },
    } });
    let shards = json!({ "settings": { "number_of_shards": 3 }, "mappings": mapping });
    films.request("PUT", "", Some(shards)).await;
    films.import_many(500).await;
    let run = watching(&films, &database, port);
    // The second look reads what the first has written.
    until("all labelled", async || seen(port).await == 1_000).await;

    films.put("film-new", json!({ "id": "film-new", "mpaa_rating": "R" })).await;
    let labels = json!(["adult", "new"]);
    until("a new film", async || films.labels("film-new").await == labels).await;
    let mild = json!({ "doc": { "mpaa_rating": "G" } });
    films.request("POST", "/_update/film-new", Some(mild)).await;
    let labels = json!(["new"]);
    until("a changed film", async || films.labels("film-new").await == labels).await;
    let seen = seen(port).await;
    assert!(seen <= 1_200, "the other films were read again: {seen}");

    signal(run.id().unwrap(), "TERM");
    let ended = finished(run).await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(films.once().await.number("written"), 0);
}

#[tokio::test]
async fn changed_films_stay_closed_beyond_the_loss_limit() {
    let (films, database, port) = (Films::new(), Database::empty().await, free_port());
    films.rules("[[label]]\nname='adult'\nquery={term={mpaa_rating='R'}}\n");
    films.import_many(20).await;
    films.once().await;
    films.rules("[[label]]\nname='adult'\nquery={term={mpaa_rating='r'}}\n");
    films.put("film-new", json!({ "id": "film-new", "mpaa_rating": "R" })).await;
    let run = watching(&films, &database, port);
    until("counted", async || metrics(port).await.contains("etl_unlabelled_films 1\n")).await;
    let shown = metrics(port).await;
    assert!(
        shown.contains("etl_outdated_films 20\n") && shown.contains("etl_films 21\n"),
        "{shown}"
    );
    assert!(!shown.contains("etl_last_success_timestamp_seconds 0\n"), "{shown}");
    assert!(!shown.contains("etl_next_run_timestamp_seconds 0\n"), "{shown}");
    signal(run.id().unwrap(), "TERM");
    let ended = finished(run).await;
    assert_eq!(ended.stderr.matches("changed films are not labelled").count(), 1, "{ended:?}");
    assert_eq!(films.labels("film-new").await, json!(null));
}

#[tokio::test]
async fn status_says_how_far_the_films_are_labelled() {
    let films = Films::new();
    let missing = films.run(&["status"]).await;
    assert_eq!(missing.status, Some(1), "{missing:?}");
    films.import_many(3).await;
    assert_eq!(unlabelled(&films).await, 3);
    films.once().await;
    films.rules("[[label]]\nname='adult'\nquery={term={mpaa_rating='R'}}");
    let status = films.run(&["status", "--json"]).await;
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!((&status["films"], &status["unlabelled_films"]), (&json!(3), &json!(0)));
    assert_eq!(status["outdated_films"], 3);
    assert_eq!(status["oldest_outdated_at"], status["last_success_at"]);
    assert!(status["next_run_at"].is_string(), "{status}");
    let status = films.run(&["status"]).await;
    assert!(
        status.stdout.contains("labelled by other rules   3, the oldest since 2"),
        "{status:?}"
    );
}

#[tokio::test]
async fn a_second_run_on_an_index_is_refused_while_one_is_in_progress() {
    let films = Films::new();
    films.import_many(1500).await;
    let mut first = films.command(&["once"]).env("ETL_PAGE_SIZE", "1").spawn().unwrap();
    until("begun", async || films.labelled().await > 0).await;
    for name in [films.index.name.clone(), films.index.behind().await] {
        let second = films.command(&["once"]).env("FILMS_INDEX", name).spawn().unwrap();
        let second = finished(second).await;
        assert_eq!(second.status, Some(1), "{second:?}");
        assert!(second.stderr.contains("is in progress"), "{second:?}");
    }
    first.kill().await.unwrap();
    let after = || async { films.run(&["once"]).await.status == Some(0) };
    until("released", after).await;
}

#[tokio::test]
async fn a_blocked_index_is_one_message_with_a_count() {
    let films = Films::new();
    films.import_many(30).await;
    films.request("PUT", "/_settings", Some(json!({ "index.blocks.write": true }))).await;
    let blocked = films.run(&["once"]).await;
    assert_eq!(blocked.status, Some(1), "{blocked:?}");
    assert!(blocked.stderr.contains("30 films of a page were not written"), "{blocked:?}");
    assert_eq!(blocked.stderr.lines().count(), 1, "{blocked:?}");
    films.request("PUT", "/_settings", Some(json!({ "index.blocks.write": false }))).await;
    assert_eq!(films.once().await.number("written"), 30);
}

#[tokio::test]
async fn an_index_deleted_during_a_run_is_named_and_not_created_again() {
    for plain in [false, true] {
        let films = Films::new();
        if plain {
            films.create_plain().await;
        }
        films.import_many(1500).await;
        let run = films.command(&["once"]).env("ETL_PAGE_SIZE", "1").spawn().unwrap();
        until("begun", async || films.labelled().await > 0).await;
        let index = films.index.behind().await;
        films.index.delete(&index).await;
        let ended = finished(run).await;
        assert_eq!(ended.status, Some(1), "{ended:?}");
        let message = format!("the index `{}` was deleted meanwhile", films.index.name);
        assert!(ended.stderr.contains(&message), "{ended:?}");
        assert_eq!(films.index.aliases().await, json!({}));
    }
}

#[tokio::test]
async fn killed_at_any_point_a_run_is_completed_by_the_next() {
    let (films, undisturbed) = (Films::new(), Films::new());
    films.import_many(600).await;
    undisturbed.import_many(600).await;
    undisturbed.once().await;
    for round in 0..20_u64 {
        let mut run = films.command(&["once"]).env("ETL_PAGE_SIZE", "3").spawn().unwrap();
        // Spread over the start, the search, the writes and the end of a run.
        let limit = Duration::from_millis(40 + round * 37 % 450);
        if tokio::time::timeout(limit, run.wait()).await.is_err() {
            run.kill().await.unwrap();
        }
    }
    until("completed", async || films.run(&["once"]).await.status == Some(0)).await;
    for id in (0..600).map(|number| format!("film-{number}")) {
        let (mut left, mut right) = (films.film(&id).await, undisturbed.film(&id).await);
        for film in [&mut left, &mut right] {
            film["access"].as_object_mut().unwrap().remove("labelled_at");
        }
        assert_eq!(left, right);
    }
    assert_eq!(films.once().await.number("written"), 0);
}

#[tokio::test]
async fn finished_jobs_and_dead_workers_are_deleted_after_a_while() {
    let (films, database, port) = (Films::new(), Database::empty().await, free_port());
    films.import_many(3).await;
    let pool: PgPool = database.pool().await;
    let first = watching(&films, &database, port);
    until("started", async || metrics(port).await.contains("etl_films 3\n")).await;
    drop(first);
    let queue = format!("etl-labeler/{}", films.index.name);
    for (id, age) in [("old", "8 days"), ("recent", "6 days")] {
        let insert = "INSERT INTO apalis.jobs (id, job_type, job, status, attempts, done_at) \
                      VALUES ($1, $2, '', 'Done', 1, now() - $3::interval)";
        sqlx::query(insert).bind(id).bind(&queue).bind(age).execute(&pool).await.unwrap();
    }
    let aged = "UPDATE apalis.workers SET last_seen = now() - interval '8 days'";
    let workers = sqlx::query(aged).execute(&pool).await.unwrap().rows_affected();
    assert!(workers > 0);
    let _second = watching(&films, &database, free_port());
    until("deleted", async || jobs(&pool).await.len() == 1).await;
    let dead = "SELECT count(*) FROM apalis.workers WHERE last_seen < now() - interval '7 days'";
    let dead = async || sqlx::query_scalar::<_, i64>(dead).fetch_one(&pool).await.unwrap();
    until("deleted", async || dead().await == 0).await;
}

#[tokio::test]
async fn health_says_what_is_missing() {
    let (films, database, port) = (Films::new(), Database::empty().await, free_port());
    let _run = watching(&films, &database, port);
    let get = async |path: &str| {
        let answer = reqwest::get(format!("http://127.0.0.1:{port}{path}")).await;
        let Ok(answer) = answer else { return (0, Value::Null) };
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    };
    until("live", async || get("/health/live").await == (200, json!({ "live": true }))).await;
    let (code, readiness) = get("/health/ready").await;
    assert_eq!(code, 503);
    let states = ["ready", "elasticsearch", "index_exists", "database"];
    let states = states.map(|name| &readiness[name]);
    assert_eq!(states, [&json!(false), &json!("up"), &json!(false), &json!("up")]);
    assert_eq!(get("/health").await.0, 404);
    films.import_many(1).await;
    until("ready", async || get("/health/ready").await.0 == 200).await;
    until("counted", async || metrics(port).await.contains("etl_films 1\n")).await;
    films.index.delete(&films.index.behind().await).await;
    until("not ready", async || get("/health/ready").await.0 == 503).await;
    until("counted", async || metrics(port).await.contains("etl_films 0\n")).await;
}

#[tokio::test]
async fn a_postgresql_that_refuses_connections_is_named_without_its_password() {
    let films = Films::new();
    films.import_many(1).await;
    for arguments in ["run", "once"] {
        let mut command = films.command(&[arguments]);
        command.env("DATABASE_URL", "postgres://labeler:s3cret@127.0.0.1:1/jobs");
        let ended = finished(command.spawn().unwrap()).await;
        assert_eq!(ended.status, Some(69), "{ended:?}");
        let message = "cannot connect to PostgreSQL (127.0.0.1:1/jobs): ";
        assert!(ended.stderr.contains(message), "{ended:?}");
        assert!(ended.stderr.contains("Connection refused"), "{ended:?}");
        assert!(!ended.stderr.contains("s3cret"), "{ended:?}");
    }
}
