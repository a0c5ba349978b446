//! Films that are named by their id alone are looked up in Elasticsearch.

use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Caller, Index, Proxy, TestServer, until};

use super::explain;
use crate::check::film;
use crate::films::{access, document, index, server};

fn named(id: &str) -> Value {
    json!({ "type": "film", "id": id })
}

#[tokio::test]
async fn a_film_is_explained_with_its_own_labels() {
    let index = index().await;
    let server = server(&index).await;
    let root = server.superuser().await;
    let mut ended = access(&["new", "adult"]);
    ended["until"] = json!({ "new": "2020-01-01T00:00:00Z" });
    index.put("dune", &document("dune", &access(&["new"]))).await;
    index.put("alien", &document("alien", &ended)).await;
    index.put("unseen", &json!({ "id": "unseen", "title": 1917 })).await;
    let dotted = json!({ "id": "dotted", "access.labels": ["new"],
        "access": { "labelled_at": "2026-01-01T00:00:00Z" } });
    index.put("dotted", &dotted).await;

    let dune = explain(&root, Value::Null, named("dune")).await.ok();
    assert_eq!((&dune["allowed"], &dune["title"]), (&json!(false), &json!("The film dune")));
    assert_eq!((&dune["reason"]["label"], &dune["missing"]), (&json!("new"), &Value::Null));
    let alien = explain(&root, Value::Null, named("alien")).await.ok();
    assert_eq!(alien["allowed"], true, "{alien}");
    assert_eq!(alien["verdicts"][1]["name"], "label:adult");
    assert_eq!(alien["inactive_labels"][0]["name"], "new");
    let unseen = explain(&root, Value::Null, named("unseen")).await.ok();
    assert_eq!(
        (&unseen["reason"]["code"], &unseen["title"]),
        (&json!("unlabelled"), &json!("1917"))
    );
    let dotted = explain(&root, Value::Null, named("dotted")).await.ok();
    assert_eq!(dotted["reason"]["label"], "new", "{dotted}");
    // What the caller says about the film counts.
    let stated = json!({ "type": "film", "id": "dune", "labels": [] });
    let stated = explain(&root, Value::Null, stated).await.ok();
    assert_eq!((&stated["allowed"], &stated["title"]), (&json!(true), &Value::Null));
}

#[tokio::test]
async fn what_is_not_known_about_a_film_is_said() {
    let index = index().await;
    let with_films = server(&index).await;
    let root = with_films.superuser().await;
    // The field `id` of a film is the id of its document.
    index.put("other", &document("film", &access(&[]))).await;
    for id in ["nowhere", "other", "film"] {
        let explained = explain(&root, Value::Null, named(id)).await.ok();
        assert_eq!(explained["missing"]["reason"], "not_found", "{explained}");
        assert_eq!(explained["reason"]["code"], "labels_missing");
    }
    let without = TestServer::start().await;
    let root = without.superuser().await;
    let explained = explain(&root, Value::Null, named("film")).await.ok();
    let missing = &explained["missing"];
    assert_eq!((&missing["what"], &missing["reason"]), (&json!("film"), &json!("not_configured")));
    assert!(missing["detail"].as_str().unwrap().contains("ELASTICSEARCH_URL"));
    assert_eq!((&explained["allowed"], &explained["title"]), (&json!(false), &Value::Null));
}

/// Only what needs Elasticsearch is refused.
async fn assert_refused(root: &Caller, code: &str) {
    let answer = explain(root, Value::Null, named("film")).await.expect(503, code);
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0, "{answer}");
    explain(root, Value::Null, film(&["new"])).await.expect(200, "");
    root.post("check", &json!({ "action": "read", "resource": film(&[]) })).await.expect(200, "");
    root.post("filter", &json!({ "action": "read", "type": "film" })).await.expect(200, "");
    root.get("/health/ready").await.expect(200, "");
}

#[tokio::test]
async fn an_index_with_which_search_and_check_could_differ_is_not_read() {
    let index = index().await;
    let server = server(&index).await;
    let root = server.superuser().await;
    index.put("film", &document("film", &access(&[]))).await;
    explain(&root, Value::Null, named("film")).await.expect(200, "");
    let runtime = json!({ "runtime": { "access.labels": { "type": "keyword" } } });
    index.request(Method::PUT, "/_mapping", Some(runtime)).await;
    assert_refused(&root, "catalogue_unusable").await;
}

#[tokio::test]
async fn several_films_with_one_id_are_not_explained() {
    let (one, two) = (index().await, index().await);
    let server = server(&one).await;
    let root = server.superuser().await;
    one.put("film", &document("film", &access(&["new"]))).await;
    two.put("film", &document("film", &access(&[]))).await;
    let alias = format!("{}-both", one.name);
    for index in [&one, &two] {
        index.request(Method::PUT, &format!("/_alias/{alias}"), None).await;
    }
    let both = server.replica(&[("FILMS_INDEX", &alias)]).await;
    let root = root.at(&both.url);
    until("its tokens are accepted", async || root.get("me").await.status == 200).await;
    assert_refused(&root, "catalogue_unusable").await;
}

#[tokio::test]
async fn a_server_without_its_elasticsearch_starts_and_decides() {
    let nowhere = [("ELASTICSEARCH_URL", "http://127.0.0.1:1,http://127.0.0.1:2")];
    let server = TestServer::with(&nowhere).await;
    let root = server.superuser().await;
    assert_refused(&root, "films_unavailable").await;
    let index = Index::new();
    let nothing = [("ELASTICSEARCH_URL", &*index.server), ("FILMS_INDEX", &*index.name)];
    let without_index = server.replica(&nothing).await;
    let root = root.at(&without_index.url);
    until("its tokens are accepted", async || root.get("me").await.status == 200).await;
    assert_refused(&root, "films_unavailable").await;
}

#[tokio::test]
async fn an_elasticsearch_that_does_not_respond_is_given_two_seconds() {
    let index = index().await;
    index.put("film", &document("film", &access(&[]))).await;
    let (proxy, url) = Proxy::to_url(&index.server).await;
    let server =
        TestServer::with(&[("ELASTICSEARCH_URL", &*url), ("FILMS_INDEX", &*index.name)]).await;
    let root = server.superuser().await;
    explain(&root, Value::Null, named("film")).await.expect(200, "");
    proxy.freeze_all();
    let started = Instant::now();
    assert_refused(&root, "films_unavailable").await;
    let elapsed = started.elapsed();
    assert!((2..5).contains(&elapsed.as_secs()), "{elapsed:?}");
    proxy.thaw();
    until("back", async || explain(&root, Value::Null, named("film")).await.status == 200).await;
}
