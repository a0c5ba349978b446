//! `POST /api/v1/check/batch`

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::TestServer;

use super::{film, read};

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
