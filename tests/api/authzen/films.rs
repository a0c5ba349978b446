//! Searches for films, which are in Elasticsearch.

use serde_json::{Value, json};
use tests::{Index, TestServer};

use super::{EVALUATION, RESOURCES, Scenario, named, user, with_role};
use crate::films::{access, document, index, server};

/// Which films may this subject read?
fn films(subject: &Value) -> Value {
    json!({ "subject": subject, "action": named("read"), "resource": { "type": "film" } })
}

async fn scenario() -> (Index, Scenario) {
    let index = index().await;
    let mut labels = vec![access(&[]), access(&["new"]), access(&["adult"]), Value::Null];
    labels.push(json!({ "labels": ["new"], "labelled_at": "2026-01-01T00:00:00Z",
        "until": { "new": "2020-01-01T00:00:00Z" } }));
    let film = |n: usize| {
        let id = format!("f{n:02}");
        (id.clone(), document(&id, &labels[n % labels.len()]))
    };
    index.put_all((0..25).map(film)).await;
    // Not a film: its field `id` is not its own id.
    index.put("other", &document("f00", &access(&[]))).await;
    let scenario = Scenario::on(server(&index).await).await;
    for (priority, role, resource, effect) in [
        (5, "reviewer", "film:f02", "deny"),
        (6, "anonymous", "film:f01", "allow"),
        (20, "editor", "label:new", "allow"),
        (30, "anonymous", "label:new", "deny"),
        (950, "anonymous", "film:*", "allow"),
    ] {
        let rule = crate::rules::rule(priority, role, resource, "read", effect);
        scenario.root.post("rules", &rule).await.expect(201, "");
    }
    (index, scenario)
}

#[tokio::test]
async fn exactly_the_films_that_an_evaluation_allows_are_found() {
    let (index, scenario) = scenario().await;
    let documents = index.documents().await;
    for subject in [user("alice"), user("bob"), user("root"), with_role("x", "reviewer")] {
        let found = scenario.find(RESOURCES, films(&subject)).await;
        let mut allowed = Vec::new();
        for (id, source) in documents.iter().filter(|(id, source)| source["id"] == **id) {
            let properties = json!({ "access": source["access"] });
            let resource = json!({ "type": "film", "id": id, "properties": properties });
            if scenario.decides(subject.clone(), named("read"), resource).await {
                allowed.push(id.clone());
            }
        }
        allowed.sort();
        assert!(allowed.len() > 5 && allowed.len() < 26, "{allowed:?}");
        assert_eq!(found, allowed, "{subject}");
    }
}

#[tokio::test]
async fn films_are_found_page_by_page() {
    let (_index, scenario) = scenario().await;
    let whole = scenario.post(RESOURCES, &films(&user("alice"))).await.ok();
    let total = whole["page"]["total"].as_u64().unwrap();
    let (mut results, mut token) = (Vec::new(), String::new());
    loop {
        let mut body = films(&user("alice"));
        body["page"] = json!({ "limit": 4, "token": token });
        let page = scenario.post(RESOURCES, &body).await.ok();
        let found = page["results"].as_array().unwrap();
        assert!(found.len() <= 4 && page["page"]["count"] == found.len());
        assert_eq!(page["page"]["total"], total);
        results.extend(found.iter().cloned());
        page["page"]["next_token"].as_str().unwrap().clone_into(&mut token);
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(json!(results), whole["results"]);
    assert!(results.len() > 8, "{results:?}");
}

#[tokio::test]
async fn who_is_unknown_finds_no_film_and_stated_labels_decide_about_named_ones() {
    let (_index, scenario) = scenario().await;
    assert!(scenario.find(RESOURCES, films(&user("nobody"))).await.is_empty());
    let mut labelled = films(&user("alice"));
    labelled["resource"]["properties"] = json!({ "labels": [] });
    assert_eq!(scenario.find(RESOURCES, labelled).await, ["f01", "f02"]);
    let mut records = films(&user("alice"));
    records["resource"]["type"] = json!("record");
    records["action"] = named("write");
    assert_eq!(scenario.find(RESOURCES, records).await, ["record-1", "record-2"]);
}

#[tokio::test]
async fn without_their_index_films_are_not_searched_but_evaluated() {
    let nowhere = [("ELASTICSEARCH_URL", "http://127.0.0.1:1")];
    let scenario = Scenario::on(TestServer::with(&nowhere).await).await;
    let answer = scenario.post(RESOURCES, &films(&user("root"))).await;
    assert_eq!(answer.expect(503, "films_unavailable").header("retry-after"), "1");
    let film = json!({ "type": "film", "id": "f1", "properties": { "labels": [] } });
    let body = json!({ "subject": user("root"), "action": named("read"), "resource": film });
    assert_eq!(scenario.post(EVALUATION, &body).await.ok()["decision"], true);

    let index = index().await;
    let runtime = json!({ "runtime": { "access.labels": { "type": "keyword" } } });
    index.request(reqwest::Method::PUT, "/_mapping", Some(runtime)).await;
    let scenario = Scenario::on(server(&index).await).await;
    let answer = scenario.post(RESOURCES, &films(&user("root"))).await;
    answer.expect(503, "catalogue_unusable");
}
