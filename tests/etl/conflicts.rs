use std::time::Duration;

use serde_json::{Value, json};

use crate::films::{Films, finished};

#[tokio::test]
async fn a_film_that_changes_after_it_was_read_is_left_for_the_next_run() {
    let films = Films::new();
    films.import_many(300).await;
    // One film a page: the run takes long enough to step in, and reads from before that.
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
async fn a_film_that_elasticsearch_refuses_does_not_keep_others_from_their_labels() {
    let films = Films::new();
    films.rules("[[label]]\nname='all'\nquery={match_all={}}\n");
    // Kept before `year` was a number; as it stands, this film can't be written any more.
    films.request("PUT", "", Some(json!({ "mappings": { "dynamic": false } }))).await;
    films.put("odd", json!({ "id": "odd", "year": "MMXX" })).await;
    let year = json!({ "properties": { "year": { "type": "integer" } } });
    films.request("PUT", "/_mapping", Some(year)).await;
    films.import_many(5).await;

    let run = films.run(&["once"]).await;
    assert_eq!(run.status, Some(2), "{run:?}");
    assert!(run.stderr.contains("odd: "), "{run:?}");
    assert_eq!(films.open_contexts().await, 0);
    assert_eq!(films.labelled().await, 5);
}
