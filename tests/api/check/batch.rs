//! `POST /api/v1/check/batch`

use std::time::Instant;

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::{TestServer, until};

use super::{film, read};
use crate::offload::{evaluations, flood};

fn batch(resources: &[Value]) -> Value {
    json!({ "action": "read", "resources": resources })
}

fn numbered(count: usize) -> Vec<Value> {
    let labels = |number| if number % 3 == 0 { json!(["new"]) } else { json!([]) };
    (0..count)
        .map(|number| json!({ "type": "film", "id": format!("f{number}"), "labels": labels(number) }))
        .collect()
}

#[tokio::test]
async fn a_batch_of_a_thousand_is_answered_in_order() {
    let server = TestServer::start().await;
    let answer = server.guest().post("check/batch", &batch(&numbered(1_000))).await.ok();
    let items = answer["items"].as_array().unwrap();
    assert_eq!(items.len(), 1_000);
    for (number, item) in items.iter().enumerate() {
        assert_eq!(item["allowed"], number % 3 != 0, "{number}");
    }
    let none = server.guest().post("check/batch", &batch(&[])).await;
    assert_eq!(none.ok()["items"], json!([]));
}

#[tokio::test]
async fn a_batch_of_more_than_a_thousand_is_refused() {
    let server = TestServer::start().await;
    let answer = server.guest().post("check/batch", &batch(&numbered(1_001))).await;
    assert_snapshot!(answer.expect(422, "field_invalid"), @r#"
    422
    {
      "code": "field_invalid",
      "detail": "A batch has at most 1,000 resources.",
      "field": "resources",
      "status": 422,
      "title": "A field or parameter is missing or invalid.",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test]
async fn each_item_of_a_batch_equals_the_single_check() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let resources = vec![
        film(&["new"]),
        json!({ "type": "film" }),
        json!({ "type": "film", "access": null }),
        json!({ "type": "route", "id": "/api/v1/rules" }),
        film(&["adult", "new"]),
    ];
    for caller in [&server.guest(), &root.caller] {
        let answer = caller.post("check/batch", &batch(&resources)).await.ok();
        for (resource, item) in resources.iter().zip(answer["items"].as_array().unwrap()) {
            assert_eq!(read(caller, resource.clone()).await.ok(), *item);
        }
    }
}

#[tokio::test]
async fn an_invalid_resource_is_named_by_its_index() {
    let server = TestServer::start().await;
    let mut resources = numbered(5);
    resources[3] = json!({ "type": "film", "id": 7 });
    let answer = server.guest().post("check/batch", &batch(&resources)).await;
    assert_eq!(answer.expect(422, "field_invalid").field(), "resources[3].id");
}

/// A thousand films with so many labels that the body has 1.7 MB.
fn large_batch() -> Value {
    let labels: Vec<String> = (0..25).map(|n| format!("{n}{}", "x".repeat(60))).collect();
    batch(&vec![json!({ "type": "film", "id": "f1", "labels": labels }); 1_000])
}

#[tokio::test]
async fn only_a_large_body_is_evaluated_off_the_request_threads() {
    let server = TestServer::start().await;
    let guest = server.guest();
    guest.post("check/batch", &batch(&numbered(100))).await.ok();
    read(&guest, film(&["new"])).await.ok();
    assert_eq!(evaluations(&server).await, 0);
    let large = guest.post("check/batch", &large_batch()).await.ok();
    assert_eq!(large["items"].as_array().unwrap().len(), 1_000);
    assert_eq!(evaluations(&server).await, 1);
    let labels: Vec<String> = (0..1_000).map(|n| format!("l{n:030}")).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    assert_eq!(read(&guest, film(&labels)).await.ok()["allowed"], true);
    assert_eq!(evaluations(&server).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_checks_and_batches_beyond_those_that_wait_are_refused() {
    let server = TestServer::start().await;
    let (guest, body) = (server.guest(), large_batch());
    flood(&server, async |_| guest.post("check/batch", &body).await).await;
    let server = TestServer::start().await;
    let access = json!({ "labels": vec![1; 200_000], "labelled_at": "2026-01-01T00:00:00Z" });
    let film = json!({ "type": "film", "id": "f1", "access": access });
    flood(&server, async |_| read(&server.guest(), film.clone()).await).await;
}

#[tokio::test]
async fn batches_that_wait_for_a_revision_hold_no_place_of_others() {
    let server = TestServer::start().await;
    let guest = server.guest();
    let mut waiting = batch(&numbered(1_000));
    waiting["at_least"] = json!(i64::MAX);
    let waiters = (0..33).map(|_| guest.post("check/batch", &waiting));
    let (waited_until, served_at) = tokio::join!(
        async {
            let answers = futures::future::join_all(waiters).await;
            assert!(answers.iter().any(|answer| answer.code() == "revision_behind"));
            Instant::now()
        },
        async {
            let body = batch(&numbered(1_000));
            let evaluated = async || guest.post("check/batch", &body).await.status == 200;
            until("evaluated", evaluated).await;
            Instant::now()
        }
    );
    assert!(served_at < waited_until);
}
