use serde_json::json;
use tests::program::signal;
use tests::{Database, free_port, until};

use super::{A, B, Site};
use crate::films::finished;
use crate::worker::metrics;

const NEVER: &str = "0 0 0 29 2 *";

#[tokio::test]
async fn run_follows_the_film_database_and_labels_what_has_changed() {
    let (site, jobs, port) = (Site::new().await, Database::empty().await, free_port());
    site.database.film(A, "Alien", "1979-05-25", Some(8.5)).await;
    let mut run = site.films.command(&["run"]);
    run.env("ETL_SOURCE_DATABASE_URL", site.database.url()).env("DATABASE_URL", &jobs.url);
    run.env("ETL_SCHEDULE", NEVER).env("ETL_CHANGES_SECONDS", "1");
    run.env("ETL_OPS_LISTEN", format!("127.0.0.1:{port}"));
    let run = run.spawn().unwrap();
    let adult = json!(["adult"]);
    until("the first film", async || site.films.labels(A).await == adult).await;

    site.database.film(B, "Brazil", "1985-02-20", Some(7.8)).await;
    until("a new film", async || site.films.labels(B).await == adult).await;
    let change = "UPDATE content.film_work SET certificate = 'PG', modified = now()";
    site.database.execute(change).await;
    until("changed films", async || site.films.labels(B).await == json!([])).await;

    site.database.execute("ALTER TABLE content.genre RENAME TO genre_").await;
    let failed = r#"etl_syncs_total{outcome="failure"} 0"#;
    until("a failure is counted", async || !metrics(port).await.contains(failed)).await;
    signal(run.id().unwrap(), "TERM");
    let ended = finished(run).await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("does not follow the film database"), "{ended:?}");
    assert!(ended.stderr.contains("content.genre"), "{ended:?}");
}
