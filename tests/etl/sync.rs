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
    assert!(!unreachable.stderr.contains("s3cret"), "{unreachable:?}");

    site.database.execute("DROP TABLE content.person_film_work").await;
    let incomplete = site.run(&["sync"]).await;
    assert_eq!(incomplete.status, Some(1), "{incomplete:?}");
    assert!(incomplete.stderr.contains("content.person_film_work"), "{incomplete:?}");
    assert_eq!(site.position().await, Value::Null);

    let unset = site.films.run(&["sync"]).await;
    assert_eq!(unset.status, Some(2), "{unset:?}");
    assert!(unset.stderr.contains("ETL_SOURCE_DATABASE_URL"), "{unset:?}");
}
