use chrono::{Days, Utc};
use serde_json::json;

use crate::films::Films;

const NEW: &str = "[[label]]\nname='new'\nwithin={field='release_date',period='P1Y'}\n";

#[expect(
    clippy::disallowed_methods,
    reason = "dates relative to today, for a program that has its own clock"
)]
fn days_ago(days: u64) -> String {
    (Utc::now().date_naive() - Days::new(days)).to_string()
}

#[tokio::test]
async fn a_validity_period_ends_at_midnight_utc() {
    let films = Films::new();
    films.rules("[[label]]\nname='new'\nwithin={field='release_date',period='P300Y'}\n");
    let lines = r#"{"id":"a","release_date":"2024-02-29"}
{"id":"b","release_date":"2025-03-01"}"#;
    films.import(lines).await;
    films.once().await;
    assert_eq!(films.film("a").await["access"]["until"], json!({ "new": "2324-02-29T00:00:00Z" }));
    assert_eq!(films.film("b").await["access"]["until"], json!({ "new": "2325-03-01T00:00:00Z" }));
    let before = json!({ "range": { "access.until.new": { "lt": "2325-01-01T00:00:00Z" } } });
    assert_eq!(films.count(before).await, 1);
}

#[tokio::test]
async fn old_films_lose_the_label_and_undated_films_keep_it() {
    let films = Films::new();
    films.rules(NEW);
    let lines = [
        json!({ "id": "old", "release_date": days_ago(400) }),
        json!({ "id": "fresh", "release_date": days_ago(30) }),
        json!({ "id": "future", "release_date": "2999-01-01" }),
        json!({ "id": "far", "release_date": "9999-06-01" }),
        json!({ "id": "undated" }),
        json!({ "id": "ancient", "release_date": "1000-01-01" }),
    ];
    films.import(&lines.map(|line| line.to_string()).join("\n")).await;
    let run = films.once().await;
    assert_eq!(run.number("matched.new"), 4);
    for (id, labels, until) in [
        ("old", json!([]), json!({})),
        ("future", json!(["new"]), json!({ "new": "3000-01-01T00:00:00Z" })),
        ("far", json!(["new"]), json!({})),
        ("undated", json!(["new"]), json!({})),
        ("ancient", json!([]), json!({})),
    ] {
        let access = films.film(id).await["access"].clone();
        assert_eq!((&access["labels"], &access["until"]), (&labels, &until), "{id}");
    }
    assert_eq!(films.labels("fresh").await, json!(["new"]));
    assert_eq!(films.once().await.number("written"), 0);
}

#[tokio::test]
async fn a_removed_validity_period_is_set_to_null_once() {
    let films = Films::new();
    films.rules(NEW);
    films.import(&json!({ "id": "a", "release_date": days_ago(10) }).to_string()).await;
    films.once().await;
    assert!(films.film("a").await["access"]["until"]["new"].is_string());

    films.rules("[[label]]\nname='new'\nquery={exists={field='id'}}\n");
    assert_eq!(films.once().await.number("written"), 1);
    let access = films.film("a").await["access"].clone();
    assert_eq!(access["labels"], json!(["new"]));
    assert_eq!(access["until"], json!({ "new": null }));
    assert_eq!(films.count(json!({ "exists": { "field": "access.until.new" } })).await, 0);
    assert_eq!(films.once().await.number("written"), 0);
}

#[tokio::test]
async fn a_rule_with_query_and_period_requires_both() {
    let films = Films::new();
    films.rules(
        "[[label]]\nname='hot'\nquery={term={mpaa_rating='R'}}\n\
         within={field='release_date',period='P1Y'}\n",
    );
    let film = |id: &str, rating: &str, days| {
        json!({ "id": id, "mpaa_rating": rating, "release_date": days_ago(days) }).to_string()
    };
    let lines = [film("both", "R", 5), film("old", "R", 500), film("mild", "G", 5)];
    films.import(&lines.join("\n")).await;
    films.once().await;
    assert_eq!(films.labels("both").await, json!(["hot"]));
    assert_eq!(films.labels("old").await, json!([]));
    assert_eq!(films.labels("mild").await, json!([]));
}

#[tokio::test]
async fn a_changed_rule_relabels_the_films_and_updates_the_mapping() {
    let films = Films::new();
    films.rules("[[label]]\nname='all'\nquery={exists={field='id'}}\n");
    films.import(&json!({ "id": "a", "release_date": days_ago(10) }).to_string()).await;
    films.once().await;
    let before = films.film("a").await["access"]["rules"].clone();
    films.rules(NEW);
    assert_eq!(films.once().await.number("written"), 1);
    assert_eq!(films.labels("a").await, json!(["new"]));
    assert_ne!(films.film("a").await["access"]["rules"], before);
    let mapping = films.request("GET", "/_mapping", None).await;
    let index = mapping.as_object().unwrap().values().next().unwrap();
    let access = &index["mappings"]["properties"]["access"];
    assert_eq!(access["dynamic"], "strict");
    let instant = json!({ "type": "date", "format": "uuuu-MM-dd'T'HH:mm:ss'Z'" });
    assert_eq!(access["properties"]["until"]["properties"]["new"], instant);
    assert_eq!(access["properties"]["labels"], json!({ "type": "keyword" }));
}
