use serde_json::{Value, json};
use tests::program::signal;
use tests::{Fault, FaultyElasticsearch, Proxy, until};

use super::Site;
use crate::films::finished;

const FILMS: u64 = 3_000;

/// The number of films in the index, 0 before there is one.
async fn count(site: &Site) -> u64 {
    site.films.request("POST", "/_refresh", None).await;
    let found = site.films.request("GET", "/_count", None).await;
    found["count"].as_u64().unwrap_or(0)
}

#[tokio::test]
async fn a_sync_that_is_killed_loses_nothing() {
    let site = Site::new().await;
    site.database.films(FILMS).await;
    for written in [1, 600, 1_200, 1_800, 2_400] {
        let mut sync = site.films.command(&["sync"]);
        let sync = sync.env("ETL_SOURCE_DATABASE_URL", site.database.url()).spawn();
        let mut sync = sync.unwrap();
        until("written", async || count(&site).await >= written).await;
        sync.kill().await.unwrap();
        // As if the lease had expired.
        site.films.request("DELETE", "-lease/_doc/import", None).await;
    }
    let synced = site.sync().await;
    assert!(synced.number("written") < FILMS, "what was written stays: {synced:?}");
    assert_eq!(count(&site).await, FILMS);
    assert_eq!(site.sync().await.number("written"), 0);
}

#[tokio::test]
async fn a_sync_that_is_stopped_says_so_and_blocks_nothing() {
    let site = Site::new().await;
    site.database.films(FILMS).await;
    let mut sync = site.films.command(&["sync"]);
    let sync = sync.env("ETL_SOURCE_DATABASE_URL", site.database.url()).spawn().unwrap();
    until("begun", async || count(&site).await > 0).await;
    signal(sync.id().unwrap(), "TERM");
    let stopped = finished(sync).await;
    assert_eq!(stopped.status, Some(1), "{stopped:?}");
    assert!(stopped.stderr.contains("interrupted"), "{stopped:?}");
    assert_eq!(site.position().await, Value::Null);
    let next = site.sync().await;
    assert!(!next.stderr.contains("waiting"), "the lease was released: {next:?}");
    assert_eq!(count(&site).await, FILMS);
}

#[tokio::test]
async fn the_position_moves_only_when_everything_is_written() {
    let site = Site::new().await;
    site.database.films(1).await;
    site.sync().await;
    let before = site.position().await;
    site.database.films(FILMS).await;
    let (proxy, url) = Proxy::to_url(&site.films.index.server).await;
    let mut sync = site.films.command(&["sync"]);
    sync.env("ETL_SOURCE_DATABASE_URL", site.database.url());
    sync.env("ELASTICSEARCH_URL", url).env("ETL_IMPORT_RETRY_SECONDS", "1");
    let sync = sync.spawn().unwrap();
    until("begun", async || count(&site).await > 1).await;
    proxy.cut();
    let ended = finished(sync).await;
    assert_eq!(ended.status, Some(69), "{ended:?}");
    assert_eq!(site.position().await, before);
    site.sync().await;
    assert_eq!(count(&site).await, FILMS + 1);
    assert_ne!(site.position().await, before);
}

#[tokio::test]
async fn an_index_that_is_deleted_is_not_created_by_a_write() {
    let site = Site::new().await;
    site.database.films(1).await;
    site.sync().await;
    let index = site.films.index.behind().await;
    site.films.index.delete(&index).await;
    let synced = site.sync().await;
    assert!(synced.stdout.starts_with("full=true"), "{synced:?}");
    assert_eq!(synced.number("written"), 1);
    let mapping = site.films.index.mapping().await;
    assert_eq!(mapping["dynamic"], json!("false"));
    assert_ne!(mapping["_meta"]["source"], Value::Null);
}

#[tokio::test]
async fn a_sync_waits_while_elasticsearch_is_busy() {
    for fault in [Fault::Refused(429), Fault::Unanswered] {
        let site = Site::new().await;
        site.database.films(600).await;
        for (change, films) in [
            ("SELECT 1", 600),
            ("UPDATE content.film_work SET title = 'B', modified = now()", 600),
            ("DELETE FROM content.film_work", 0),
        ] {
            site.database.execute(change).await;
            let busy = FaultyElasticsearch::start(fault).await;
            let mut sync = site.films.command(&["sync", "--full", "--force"]);
            sync.env("ETL_SOURCE_DATABASE_URL", site.database.url());
            let synced = finished(sync.env("ELASTICSEARCH_URL", &busy.url).spawn().unwrap()).await;
            assert_eq!(
                (synced.status, count(&site).await),
                (Some(0), films),
                "{fault:?} {synced:?}"
            );
        }
    }
}
