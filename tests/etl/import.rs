mod bad_lines;
mod catalogues;
mod dates;
mod forms;
mod mapping_file;
mod overload;
mod replace;
mod unreadable;

use serde_json::json;

use crate::films::Films;

const CATALOGUE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../movie-api/catalogue.ndjson");

#[tokio::test]
async fn the_sample_catalogue_is_imported_and_labelled_once() {
    let films = Films::new();
    let lines = std::fs::read_to_string(CATALOGUE).unwrap().lines().count() as u64;
    let imported = films.run(&["import", CATALOGUE]).await;
    assert_eq!(imported.status, Some(0), "{imported:?}");
    assert_eq!(imported.number("imported"), lines);

    let first = films.once().await;
    assert_eq!(first.number("seen"), lines);
    assert_eq!(first.number("written"), lines);
    let adult = films.count(json!({ "terms": { "mpaa_rating": ["R", "NC-17"] } })).await;
    assert!(adult > 0);
    assert_eq!(first.number("matched.adult"), adult);
    assert_eq!(films.count(json!({ "term": { "access.labels": "adult" } })).await, adult);

    let second = films.once().await;
    assert_eq!(second.number("written"), 0);
    assert_eq!(second.number("matched.adult"), adult);
}

#[tokio::test]
async fn importing_a_film_again_removes_its_access_until_the_next_run() {
    let films = Films::new();
    let film = r#"{"id":"a","title":"A","mpaa_rating":"R","access":{"labels":["free"]}}"#;
    films.import(film).await;
    assert_eq!(films.film("a").await["access"], json!(null));
    films.once().await;
    assert_eq!(films.labels("a").await, json!(["adult", "new"]));

    films.import(&film.replace("\"R\"", "\"PG\"")).await;
    assert_eq!(films.film("a").await["access"], json!(null));
    films.once().await;
    assert_eq!(films.labels("a").await, json!(["new"]));
}

#[tokio::test]
async fn a_genre_is_found_by_plain_and_nested_queries() {
    let films = Films::new();
    films.import(r#"{"id":"a","genres":[{"id":"g1","name":"Drama"}]}"#).await;
    let genre = json!({ "term": { "genres.id": "g1" } });
    assert_eq!(films.count(genre.clone()).await, 1);
    assert_eq!(films.count(json!({ "nested": { "path": "genres", "query": genre } })).await, 1);
}

#[tokio::test]
async fn a_missing_file_is_an_error() {
    let films = Films::new();
    let imported = films.run(&["import", "/nowhere/films.ndjson"]).await;
    assert_eq!(imported.status, Some(1));
    assert!(imported.stderr.contains("/nowhere/films.ndjson"), "{imported:?}");
    let once = films.run(&["once"]).await;
    assert_eq!(once.status, Some(1));
    assert!(once.stderr.contains("import"), "{once:?}");
}
