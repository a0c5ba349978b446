//! `etl-labeler sync`: an index that is kept like a film database.

mod changes;
mod deletions;
mod interrupted;
mod schedule;

use serde_json::{Value, json};
use tests::FilmDatabase;
use tests::program::Finished;

use crate::films::{Films, finished};

const A: &str = "a0000000-0000-4000-8000-000000000001";
const B: &str = "b0000000-0000-4000-8000-000000000002";

/// An index and the database that it is kept like.
struct Site {
    films: Films,
    database: FilmDatabase,
}

impl Site {
    async fn new() -> Self {
        Self { films: Films::new(), database: FilmDatabase::create().await }
    }

    async fn run(&self, arguments: &[&str]) -> Finished {
        self.run_on(&self.database.url(), arguments).await
    }

    async fn run_on(&self, url: &str, arguments: &[&str]) -> Finished {
        let mut sync = self.films.command(arguments);
        finished(sync.env("ETL_SOURCE_DATABASE_URL", url).spawn().unwrap()).await
    }

    /// A sync that must succeed.
    async fn sync(&self) -> Finished {
        let synced = self.run(&["sync"]).await;
        assert_eq!(synced.status, Some(0), "{synced:?}");
        synced
    }

    async fn position(&self) -> Value {
        self.films.index.mapping().await["_meta"]["source"].clone()
    }

    /// Makes the last sync older than the overlap, so that only what is newer is read again.
    async fn forget_recent(&self) {
        let past = "UPDATE content.film_work SET modified = modified - interval '1 hour', created = created - interval '1 hour'";
        self.database.execute(past).await;
        for (table, column) in [
            ("genre", "modified"),
            ("person", "modified"),
            ("genre_film_work", "created"),
            ("person_film_work", "created"),
        ] {
            let past =
                format!("UPDATE content.{table} SET {column} = {column} - interval '1 hour'");
            self.database.execute(&past).await;
        }
    }
}

#[tokio::test]
async fn films_come_with_their_genres_directors_and_other_columns() {
    let site = Site::new().await;
    site.database.film(A, "Alien", "1979-05-25", Some(8.5)).await;
    site.database.film(B, "Unreleased", "infinity", None).await;
    let horror = site.database.genre(A, "Horror").await;
    let ridley = site.database.credit(A, "Ridley Scott", "director").await;
    let sigourney = site.database.credit(A, "Sigourney Weaver", "actor").await;

    let synced = site.sync().await;
    assert!(synced.stdout.starts_with("full=true"), "{synced:?}");
    assert_eq!((synced.number("seen"), synced.number("written")), (2, 2), "{synced:?}");
    assert_eq!(synced.number("undated"), 1);
    let film = site.films.film(A).await;
    assert_eq!(
        film,
        json!({
            "id": A, "title": "Alien", "release_date": "1979-05-25", "imdb_rating": 8.5, "mpaa_rating": "R",
            "description": "About Alien", "type": "movie",
            "genres": [{ "id": horror, "name": "Horror" }],
            "directors": [{ "id": ridley, "name": "Ridley Scott" }],
            "actors": [{ "id": sigourney, "name": "Sigourney Weaver" }], "writers": null,
        })
    );
    site.films.once().await;
    assert_eq!(site.films.labels(A).await, json!(["adult"]));
    assert_eq!(site.films.labels(B).await, json!(["adult", "new"]), "no date: closed");

    let again = site.sync().await;
    assert!(again.stdout.starts_with("full=false"), "{again:?}");
    assert_eq!(again.number("written"), 0);
    assert_eq!(site.films.labelled().await, 2, "unchanged films keep their labels");
}

#[tokio::test]
async fn a_mapping_file_names_other_columns() {
    let site = Site::new().await;
    site.database.film(A, "Alien", "1979-05-25", Some(8.5)).await;
    let mapping = site.films.file(
        "mapping.toml",
        "[fields.release_date]\nfrom = 'creation_date'\n[fields.kind]\nfrom = 'type'\ntype = 'keyword'\n",
    );
    let mut sync = site.films.command(&["sync"]);
    sync.env("ETL_SOURCE_DATABASE_URL", site.database.url()).env("ETL_SOURCE_MAPPING", mapping);
    let synced = finished(sync.spawn().unwrap()).await;
    assert_eq!(synced.status, Some(0), "{synced:?}");
    assert_eq!(site.films.count(json!({ "term": { "kind": "movie" } })).await, 1);
}

#[tokio::test]
async fn a_mapping_file_is_laid_over_the_built_in_names_and_a_column_that_is_missing_is_said() {
    let site = Site::new().await;
    site.database.film(A, "Alien", "1979-05-25", Some(8.5)).await;
    let sync = async |mapping: &str, arguments: &[&str]| {
        let mapping = site.films.file("mapping.toml", mapping);
        let mut sync = site.films.command(arguments);
        sync.env("ETL_SOURCE_DATABASE_URL", site.database.url()).env("ETL_SOURCE_MAPPING", mapping);
        finished(sync.spawn().unwrap()).await
    };
    let typo = "[fields.mpaa_rating]\nfrom = 'certficate'\n";
    for command in ["sync", "run"] {
        let refused = sync(typo, &[command]).await;
        assert_eq!(refused.status, Some(2), "{refused:?}");
        let message = "`fields.mpaa_rating` is made of `certficate`, and content.film_work has no such column; did \
                       you mean `certificate`?";
        assert!(refused.stderr.contains(message), "{refused:?}");
    }
    let embargo = "[fields.embargo_until]\ntype = 'date'\n";
    let refused = sync(embargo, &["sync"]).await;
    assert!(refused.stderr.contains("made of `embargo_until`"), "{refused:?}");
    site.database.execute("ALTER TABLE content.film_work ADD embargo_until date").await;
    let synced = sync(embargo, &["sync"]).await;
    assert_eq!((synced.status, synced.stderr.as_str()), (Some(0), ""), "{synced:?}");
    site.films.once().await;
    assert_eq!(site.films.labels(A).await, json!(["adult"]), "rating and date are still read");

    site.database.execute("ALTER TABLE content.film_work RENAME certificate TO mpaa").await;
    let synced = sync(embargo, &["sync"]).await;
    assert_eq!(synced.status, Some(0), "{synced:?}");
    assert_eq!(synced.stderr, "in no column of content.film_work: `certificate`\n");
}

#[tokio::test]
async fn a_time_in_the_database_is_kept_as_an_instant() {
    let site = Site::new().await;
    site.database.execute("ALTER TABLE content.film_work ADD embargo_until timestamptz").await;
    site.database.film(A, "Alien", "1979-05-25", Some(8.5)).await;
    site.database
        .execute("UPDATE content.film_work SET embargo_until = '2990-11-30 22:00:00+02'")
        .await;
    let mapping = site.films.file("mapping.toml", "[fields.embargo_until]\ntype = 'date'\n");
    let mut sync = site.films.command(&["sync"]);
    sync.env("ETL_SOURCE_DATABASE_URL", site.database.url()).env("ETL_SOURCE_MAPPING", mapping);
    let synced = finished(sync.spawn().unwrap()).await;
    assert_eq!(synced.status, Some(0), "{synced:?}");
    assert_eq!(site.films.film(A).await["embargo_until"], "2990-11-30T20:00:00Z");
    site.films.rules("[[label]]\nname='embargo'\nuntil='embargo_until'");
    site.films.once().await;
    let until = site.films.film(A).await["access"]["until"].clone();
    assert_eq!(until, json!({ "embargo": "2990-11-30T20:00:00Z" }));
}

#[tokio::test]
async fn a_role_that_may_only_select_is_enough() {
    let site = Site::new().await;
    site.database.film(A, "Alien", "1979-05-25", Some(8.5)).await;
    site.database.genre(A, "Horror").await;
    let reader = site.database.reader().await;
    let synced = site.run_on(&reader.url, &["sync", "--full"]).await;
    assert_eq!((synced.status, synced.number("written")), (Some(0), 1), "{synced:?}");
    site.database.execute("UPDATE content.film_work SET title = 'Aliens', modified = now()").await;
    let synced = site.run_on(&reader.url, &["sync"]).await;
    assert_eq!((synced.status, synced.number("written")), (Some(0), 1), "{synced:?}");
    reader.drop().await;
}

#[tokio::test]
async fn a_database_that_cannot_be_read_is_named_and_leaves_the_index_as_it_is() {
    let site = Site::new().await;
    let closed = "postgres://reader:s3cret@127.0.0.1:1/films";
    let unreachable = site.run_on(closed, &["sync"]).await;
    assert_eq!(unreachable.status, Some(69), "{unreachable:?}");
    assert!(unreachable.stderr.contains("(127.0.0.1:1/films)"), "{unreachable:?}");
    assert!(unreachable.stderr.contains("Connection refused"), "{unreachable:?}");
    assert!(!unreachable.stderr.contains("s3cret"), "{unreachable:?}");

    site.database.execute("DROP TABLE content.person_film_work").await;
    let incomplete = site.run(&["sync"]).await;
    assert_eq!(incomplete.status, Some(1), "{incomplete:?}");
    let message = "relation \"content.person_film_work\" does not exist\n";
    assert!(incomplete.stderr.ends_with(message), "{incomplete:?}");
    assert_eq!(site.position().await, Value::Null);

    let unset = site.films.run(&["sync"]).await;
    assert_eq!(unset.status, Some(2), "{unset:?}");
    assert!(unset.stderr.contains("ETL_SOURCE_DATABASE_URL"), "{unset:?}");
}

#[tokio::test]
async fn status_says_how_far_the_index_follows_the_database() {
    let site = Site::new().await;
    site.database.film(A, "Alien", "1979-05-25", Some(8.5)).await;
    site.sync().await;
    let status = site.run(&["status", "--json"]).await;
    let sync = serde_json::from_str::<Value>(&status.stdout).unwrap()["sync"].clone();
    let position = site.position().await;
    let parts = ["at", "full_at", "source"].map(|key| (&sync[key], &position[key]));
    assert!(parts.iter().all(|(shown, stored)| shown == stored), "{sync} {position}");
    let next = sync["next_full_at"].as_str().unwrap();
    assert!(next > sync["full_at"].as_str().unwrap() && next.ends_with("T00:00:00Z"), "{sync}");
    let text = site.run(&["status"]).await.stdout;
    assert!(text.contains("next full comparison      2"), "{text}");
}

#[tokio::test]
async fn a_sync_beside_an_unfinished_replacement_says_what_to_run() {
    let site = Site::new().await;
    site.database.film(A, "Alien", "1979-05-25", Some(8.5)).await;
    site.sync().await;
    let bad = site.films.file("bad.ndjson", "{\"id\":\"a\"}\nbad\n");
    site.films.run(&["import", &bad, "--replace"]).await;
    let stopped = site.run(&["sync", "--full"]).await;
    assert_eq!(stopped.status, Some(2), "{stopped:?}");
    for way in [
        "etl-labeler import FILE --replace --from-line N",
        "start again: etl-labeler import FILE --replace.",
        &format!("discard it: curl -X DELETE $ELASTICSEARCH_URL/{}-", site.films.index.name),
    ] {
        assert!(stopped.stderr.contains(way), "{stopped:?}");
    }
    let unfinished = site.films.request("GET", "-import/_alias", None).await;
    let unfinished = unfinished.as_object().unwrap().keys().next().unwrap().clone();
    site.films.index.delete(&unfinished).await;
    assert_eq!(site.run(&["sync", "--full"]).await.status, Some(0));
}
