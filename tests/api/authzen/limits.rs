//! Limits of sizes and of concurrent evaluations.

use serde_json::{Value, json};
use tests::TestServer;

use super::{EVALUATION, EVALUATIONS, Scenario, named, operations, record, user};
use crate::offload::{evaluations, flood};

/// The body limit of an operation in bytes.
fn limit(path: &str) -> usize {
    if path == EVALUATIONS { 2 << 20 } else { 1 << 20 }
}

#[tokio::test]
async fn a_body_one_byte_over_the_limit_is_refused() {
    let scenario = Scenario::start().await;
    for (path, body) in operations() {
        let mut large = body.to_string();
        large.extend(std::iter::repeat_n(' ', limit(path) - large.len()));
        let send = async |text: &str| {
            super::post_text(&scenario.root, path, "application/json", text).await
        };
        send(&large).await.expect(200, "");
        large.push(' ');
        send(&large).await.expect(413, "body_too_large");
    }
}

#[tokio::test]
async fn a_batch_has_at_most_a_thousand_evaluations() {
    let scenario = Scenario::start().await;
    let batch = |count: usize| {
        json!({
            "subject": user("alice"), "action": named("read"), "resource": record("record-1"),
            "evaluations": vec![json!({}); count],
        })
    };
    let answer = scenario.post(EVALUATIONS, &batch(1_000)).await.ok();
    let decisions = answer["evaluations"].as_array().unwrap();
    assert!(decisions.len() == 1_000 && decisions.iter().all(|it| it["decision"] == true));
    let answer = scenario.post(EVALUATIONS, &batch(1_001)).await.expect(400, "field_invalid");
    assert_eq!(answer.field(), "evaluations");
}

#[tokio::test]
async fn names_labels_and_properties_are_limited() {
    let scenario = Scenario::start().await;
    let request = |subject: &str, action: &str, resource: &str, properties: Value| {
        let resource = json!({ "type": "record", "id": resource, "properties": properties });
        json!({ "subject": user(subject), "action": named(action), "resource": resource })
    };
    let many = |count: usize| {
        let properties = (0..count).map(|n| (format!("p{n}"), json!(n)));
        Value::Object(properties.collect())
    };
    let labels = |count: usize| json!({ "labels": vec!["x"; count] });
    let access = |length: usize| json!({ "access": { "x": "x".repeat(length) } });
    let (id, action) = ("x".repeat(4_096), "x".repeat(128));
    for accepted in [
        request(&id, &action, &id, json!({})),
        request("a", "a", "r", many(256)),
        request("a", "a", "r", labels(1_000)),
        request("a", "a", "r", access(65_000)),
    ] {
        scenario.post(EVALUATION, &accepted).await.expect(200, "");
    }
    for refused in [
        request(&format!("{id}x"), "a", "r", json!({})),
        request("a", &format!("{action}x"), "r", json!({})),
        request("a", "a", &format!("{id}x"), json!({})),
        request("a", "a", "r", many(257)),
        request("a", "a", "r", labels(1_001)),
        request("a", "a", "r", access(66_000)),
    ] {
        scenario.post(EVALUATION, &refused).await.expect(400, "field_invalid");
    }
}

#[tokio::test]
async fn only_large_requests_and_searches_are_evaluated_off_the_request_threads() {
    let scenario = Scenario::start().await;
    let (all, server) = (operations(), &scenario.server);
    for (path, body) in &all[..2] {
        scenario.post(path, body).await.ok();
    }
    assert_eq!(evaluations(server).await, 0);
    let mut batch = all[1].1.clone();
    batch["evaluations"] = json!(vec![json!({}); 100]);
    scenario.post(EVALUATIONS, &batch).await.ok();
    assert_eq!(evaluations(server).await, 1);
    for (path, body) in &all[2..] {
        scenario.post(path, body).await.ok();
    }
    assert_eq!(evaluations(server).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_requests_beyond_those_that_wait_are_refused() {
    for (path, mut body) in operations() {
        let server = TestServer::start().await;
        let root = server.superuser().await;
        // Reading it takes milliseconds.
        let junk: Vec<Value> = (0..60_000).map(|n| json!({ "n": n })).collect();
        body["context"] = json!({ "junk": junk });
        flood(&server, async |_| root.post(path, &body).await).await;
    }
}
