//! The scenario of the certification by the `OpenID` Foundation: decisions, batches and searches.

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;

use super::{
    ACTIONS, EVALUATION, EVALUATIONS, RESOURCES, SUBJECTS, Scenario, delete, named, operations,
    record, user, with_role, with_status,
};

#[tokio::test]
async fn the_eight_decisions_are_as_certified() {
    let scenario = Scenario::start().await;
    let (alice, bob) = (|| user("alice"), || user("bob"));
    for record in [record("record-1"), with_status("record-1", "active")] {
        assert!(scenario.decides(alice(), named("read"), record.clone()).await);
        assert!(scenario.decides(alice(), named("write"), record.clone()).await);
        assert!(scenario.decides(bob(), named("read"), record.clone()).await);
        assert!(!scenario.decides(bob(), named("write"), record.clone()).await);
        assert!(scenario.decides(alice(), delete(true), record.clone()).await);
        assert!(!scenario.decides(alice(), delete(false), record).await);
    }
    let archived = with_status("record-1", "archived");
    assert!(!scenario.decides(alice(), named("write"), archived.clone()).await);
    let admin = || with_role("carol", "admin");
    assert!(scenario.decides(admin(), named("write"), archived).await);
    let archived = || with_status("record-2", "archived");
    assert!(scenario.decides(admin(), named("write"), archived()).await);
    assert!(scenario.decides(with_role("bob", "admin"), named("write"), archived()).await);
    // A stored role counts as the property.
    assert!(scenario.decides(bob(), named("write"), archived()).await);
    assert!(scenario.decides(alice(), delete(true), archived()).await);
    assert!(!scenario.decides(alice(), named("delete"), record("record-1")).await);
}

#[tokio::test]
async fn a_decision_says_why() {
    let scenario = Scenario::start().await;
    let body = json!({
        "subject": user("alice"), "action": named("write"),
        "resource": with_status("record-1", "archived"),
    });
    assert_snapshot!(scenario.post(EVALUATION, &body).await, @r#"
    200
    {
      "context": {
        "reason": {
          "code": "label_denied",
          "label": "status=archived"
        },
        "revision": 16
      },
      "decision": false
    }
    "#);
}

#[tokio::test]
async fn a_batch_inherits_what_its_items_lack() {
    let scenario = Scenario::start().await;
    let batch = json!({
        "subject": user("alice"), "action": named("write"), "resource": record("record-1"),
        "context": { "time": "2026-11-29T12:00:00Z" },
        "evaluations": [
            {},
            { "subject": user("bob") },
            { "resource": with_status("record-1", "archived") },
            { "resource": with_status("record-1", "archived"), "subject": with_role("x", "admin") },
            { "action": delete(true), "context": {} },
            { "action": delete(false) },
            { "action": named("read"), "subject": user("bob"), "resource": record("record-2") },
        ],
    });
    let answer = scenario.post(EVALUATIONS, &batch).await.ok();
    let decisions = answer["evaluations"].as_array().unwrap();
    let decisions: Vec<bool> = decisions.iter().map(|it| it["decision"] == true).collect();
    assert_eq!(decisions, [true, false, false, true, true, false, true]);
    assert_eq!(answer.as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn searches_include_what_is_certified() {
    let scenario = Scenario::start().await;
    let includes = async |path, body, names: &[&str]| {
        let found = scenario.find(path, body).await;
        assert!(names.iter().all(|name| found.iter().any(|it| it == name)), "{found:?}");
    };
    let users = json!({ "type": "user" });
    let with_id = json!({ "type": "user", "id": "nobody" });
    for subject in [&users, &with_id] {
        let readers = json!({
            "subject": subject, "action": named("read"), "resource": record("record-1"),
            "context": { "ip": "127.0.0.1" },
        });
        includes(SUBJECTS, readers, &["alice", "bob"]).await;
    }
    let archived = with_status("record-2", "archived");
    let writers = json!({ "subject": users, "action": named("write"), "resource": archived });
    includes(SUBJECTS, writers.clone(), &["bob"]).await;
    assert!(!scenario.find(SUBJECTS, writers).await.contains(&"alice".to_owned()));
    let records = json!({ "type": "record", "id": "ignored" });
    let read = json!({ "subject": user("alice"), "action": named("read"), "resource": records });
    includes(RESOURCES, read, &["record-1"]).await;
    let admin = with_role("bob", "admin");
    let write = json!({ "subject": admin, "action": named("write"), "resource": records });
    includes(RESOURCES, write.clone(), &["record-2"]).await;
    assert!(!scenario.find(RESOURCES, write).await.contains(&"record-1".to_owned()));
    let actions = json!({ "subject": user("alice"), "resource": record("record-1") });
    includes(ACTIONS, actions, &["read", "write", "delete"]).await;
    let actions = json!({ "subject": admin, "resource": archived });
    includes(ACTIONS, actions, &["write"]).await;
}

#[tokio::test]
async fn a_request_id_is_echoed_and_a_repeated_request_is_answered_alike() {
    let scenario = Scenario::start().await;
    for (path, body) in operations() {
        let request = scenario.client.guest.request(Method::POST, path).json(&body);
        let request = scenario.client.authenticated(request).header("x-request-id", "bfe9eb29");
        let answer = scenario.client.guest.send(request).await.expect(200, "");
        assert_eq!(answer.header("x-request-id"), "bfe9eb29");
        assert_eq!(answer.header("content-type"), "application/json");
        for _ in 0..3 {
            assert_eq!(scenario.post(path, &body).await.ok(), answer.json());
        }
    }
}

#[tokio::test]
async fn unknown_fields_and_extra_properties_are_accepted() {
    let scenario = Scenario::start().await;
    let extra = json!({ "department": "sales", "tags": ["x"], "nested": { "a": null }, "n": 1.5 });
    for (path, mut body) in operations() {
        body["future"] = json!({ "a": [1] });
        body["context"] = json!({ "nested": { "a": [null] } });
        for name in ["subject", "action", "resource"] {
            if let Some(entity) = body.get_mut(name) {
                entity["future"] = json!(7);
                entity["properties"] = extra.clone();
            }
        }
        scenario.post(&format!("{path}?future=1"), &body).await.expect(200, "");
    }
}
