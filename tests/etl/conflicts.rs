use std::time::Duration;

use serde_json::{Value, json};

use crate::films::{Films, finished};

#[tokio::test]
async fn a_film_changed_during_a_run_is_left_for_the_next_run() {
    let films = Films::new();
    films.import_many(300).await;
    // One film per page: the run is slow enough to change films after it has read them.
    let run = films.command(&["once"]).env("ETL_PAGE_SIZE", "1").spawn().unwrap();
    while films.labels("film-0").await == Value::Null {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let edit = json!({ "doc": { "title": "Edited", "mpaa_rating": "G" } });
    films.request("POST", "/_update/film-299", Some(edit)).await;
    films.request("DELETE", "/_doc/film-298", None).await;

    let run = finished(run).await;
    assert_eq!(run.status, Some(0), "{run:?}");
    assert_eq!((run.number("seen"), run.number("written"), run.number("conflicts")), (300, 298, 2));
    let film = films.film("film-299").await;
    assert_eq!((&film["title"], &film["access"]), (&json!("Edited"), &Value::Null));

    let next = films.once().await;
    assert_eq!((next.number("seen"), next.number("written")), (299, 1));
    assert_eq!(films.labels("film-299").await, json!(["new", "upcoming"]));
}

#[tokio::test]
async fn a_film_that_elasticsearch_rejects_does_not_stop_the_others() {
    let films = Films::new();
    films.rules("[[label]]\nname='all'\nquery={exists={field='id'}}\n");
    // Written before `year` was mapped as a number: this film can no longer be updated.
    films.request("PUT", "", Some(json!({ "mappings": { "dynamic": false } }))).await;
    films.put("odd", json!({ "id": "odd", "year": "MMXX" })).await;
    let year = json!({ "properties": { "year": { "type": "integer" } } });
    films.request("PUT", "/_mapping", Some(year)).await;
    films.import_many(5).await;

    let run = films.run(&["once"]).await;
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.stderr.contains("odd: "), "{run:?}");
    assert_eq!(films.open_contexts().await, 0);
    assert_eq!(films.labelled().await, 5);
}
