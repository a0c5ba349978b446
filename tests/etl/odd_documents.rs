use serde_json::{Value, json};

use crate::films::Films;

/// Odd values of `access` that the mapping accepts.
fn odd() -> Vec<Value> {
    vec![
        json!(null),
        json!({}),
        json!([]),
        json!([null]),
        json!({ "labels": null }),
        json!({ "labels": "adult", "rules": "x", "labelled_at": "2020-01-01T00:00:00Z" }),
        json!({ "labels": ["adult", "adult", "free"], "labelled_at": "2020-01-01T00:00:00Z" }),
        json!({ "labels": [1, true, null, "x".repeat(300)] }),
        json!({ "labels": ["adult"], "until": { "new": "2000-01-01T00:00:00Z" } }),
        json!({ "labels": ["adult"], "from": { "new": "2999-01-01T00:00:00Z" }, "until": null }),
        json!({ "labels": ["adult"], "until": [{ "new": "2000-01-01T00:00:00Z" }] }),
        json!({ "labels": [["adult"], ["new"]], "until": {} }),
        json!({ "until.new": "2000-01-01T00:00:00Z", "from.new": "2999-01-01T00:00:00Z" }),
        json!([{ "labels": ["a"] }, { "labels": ["b"], "until": { "new": "2000-01-01T00:00:00Z" } }]),
        json!({ "labels": ["free"], "rules": ["a", "b"], "labelled_at": null }),
    ]
}

#[tokio::test]
async fn an_odd_access_is_replaced_by_what_the_rules_say() {
    let films = Films::new();
    films.import_many(1).await;
    for (n, access) in odd().into_iter().enumerate() {
        let id = format!("odd-{n}");
        let film = json!({ "mpaa_rating": "R", "release_date": "2990-01-01", "access": access });
        films.put(&id, film).await;
    }
    let dotted = json!({
        "mpaa_rating": "R", "release_date": "2990-01-01", "access.labels": ["free"],
        "access.until.new": "2000-01-01T00:00:00Z", "access.labelled_at": "2020-01-01T00:00:00Z",
        "access.": { "labels": ["a"], "from": { "new": "2999-01-01T00:00:00Z" } }
    });
    films.put("dotted", dotted).await;
    let total = odd().len() as u64 + 2;

    assert_eq!(films.once().await.number("written"), total);
    assert_eq!(films.once().await.number("written"), 0);
    for (query, found) in [
        (json!({ "term": { "access.labels": "adult" } }), total),
        (json!({ "term": { "access.labels": "new" } }), total),
        (json!({ "exists": { "field": "access.labelled_at" } }), total),
        (json!({ "terms": { "access.labels": ["free", "1", "true", "a", "b"] } }), 0),
        (json!({ "term": { "access.until.new": "2993-01-01T00:00:00Z" } }), total),
        (json!({ "range": { "access.until.new": { "lt": "2993-01-01T00:00:00Z" } } }), 0),
        (json!({ "exists": { "field": "access.from.new" } }), 0),
        (json!({ "range": { "access.labelled_at": { "lt": "2021-01-01T00:00:00Z" } } }), 0),
    ] {
        assert_eq!(films.count(query.clone()).await, found, "{query}");
    }
}

#[tokio::test]
async fn films_with_odd_ids_and_routing_are_labelled() {
    let films = Films::new();
    let ids = ["a b", "quote\"and\\slash", "ünï/cødé?", "%2F", "-", "_x"];
    let lines: Vec<_> = ids.iter().map(|id| json!({ "id": id }).to_string()).collect();
    assert_eq!(films.import(&lines.join("\n")).await.status, Some(0));
    let routed = json!({ "id": "routed" });
    films.request("PUT", "/_doc/routed?routing=elsewhere&refresh=true", Some(routed)).await;
    assert_eq!(films.once().await.number("written"), 7);
    assert_eq!(films.once().await.number("written"), 0);
}

#[tokio::test]
async fn a_film_whose_id_differs_from_its_document_id_stays_unlabelled() {
    let films = Films::new();
    films.import_many(1).await;
    let access = json!({ "labels": [], "until": {}, "labelled_at": "2020-01-01T00:00:00Z" });
    // Elasticsearch would take the number and the list for the text.
    for (id, field) in [
        ("a", json!(null)),
        ("b", json!("")),
        ("c", json!("C")),
        ("d", json!("d ")),
        ("7", json!(7)),
        ("e", json!(["e"])),
        ("f", json!([])),
    ] {
        films.put(id, json!({ "id": field, "access": access, "access.labels": ["free"] })).await;
    }
    films.put("never labelled", json!({ "id": "other" })).await;
    let labelled = json!({ "exists": { "field": "access.labelled_at" } });
    let before = films.count(labelled.clone()).await;
    assert!(before > 0);

    let ran = films.once().await;
    let mismatches = films.count(json!({ "match_all": {} })).await - 1;
    assert_eq!(ran.number("id_mismatches"), mismatches);
    assert_eq!(ran.number("written"), before + 1, "{ran:?}");
    assert!(ran.stderr.contains("differs from `_id`"), "{ran:?}");
    assert_eq!(films.count(labelled).await, 1);
    assert_eq!(films.count(json!({ "exists": { "field": "access.labels" } })).await, 1);
    let again = films.once().await;
    assert_eq!((again.number("written"), again.number("id_mismatches")), (0, mismatches));
}

#[tokio::test]
async fn an_index_with_another_mapping_of_access_is_refused() {
    let films = Films::new();
    let text = json!({ "mappings": { "properties": { "access": { "type": "keyword" } } } });
    films.request("PUT", "", Some(text)).await;
    films.rules("[[label]]\nname='x'\nquery={ids={values=['x']}}");
    let run = films.run(&["once"]).await;
    assert_eq!(run.status, Some(1));
    let named = format!("index `{}`: `id` must be a keyword", films.index.name);
    assert!(run.stderr.contains(&named), "{run:?}");
}
