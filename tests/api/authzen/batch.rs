//! `POST /access/v1/evaluations`: semantics, and items that cannot be evaluated.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{EVALUATION, EVALUATIONS, Scenario, named, record, user, with_status};

fn decisions(answer: &Value) -> Vec<bool> {
    let items = answer["evaluations"].as_array().unwrap();
    items.iter().map(|item| item["decision"].as_bool().unwrap()).collect()
}

/// Alice writes these records in turn.
fn batch(semantic: &str, archived: &[bool]) -> Value {
    let status = |archived: bool| if archived { "archived" } else { "active" };
    let items = archived.iter().map(|&it| json!({ "resource": with_status("r", status(it)) }));
    json!({
        "subject": user("alice"), "action": named("write"),
        "evaluations": items.collect::<Vec<_>>(),
        "options": { "evaluations_semantic": semantic, "future": 1 },
    })
}

#[tokio::test]
async fn a_short_circuit_ends_the_answer_at_the_deciding_item() {
    let scenario = Scenario::start().await;
    for (semantic, archived, expected) in [
        ("execute_all", [false, true, false], &[true, false, true][..]),
        ("deny_on_first_deny", [false, true, false], &[true, false]),
        ("deny_on_first_deny", [false, false, false], &[true, true, true]),
        ("deny_on_first_deny", [true, false, false], &[false]),
        ("permit_on_first_permit", [true, false, true], &[false, true]),
        ("permit_on_first_permit", [true, true, true], &[false, false, false]),
    ] {
        let answer = scenario.post(EVALUATIONS, &batch(semantic, &archived)).await.ok();
        assert_eq!(decisions(&answer), expected, "{semantic} {archived:?}");
    }
}

#[tokio::test]
async fn each_item_of_a_batch_equals_the_single_evaluation() {
    let scenario = Scenario::start().await;
    let items: Vec<Value> = ["alice", "bob", "carol", "root"]
        .iter()
        .flat_map(|id| ["read", "write"].map(|action| (user(id), named(action))))
        .map(|(subject, action)| {
            json!({ "subject": subject, "action": action, "resource": record("record-1") })
        })
        .collect();
    let answer = scenario.post(EVALUATIONS, &json!({ "evaluations": items })).await.ok();
    for (item, decision) in items.iter().zip(answer["evaluations"].as_array().unwrap()) {
        assert_eq!(scenario.post(EVALUATION, item).await.ok(), *decision);
    }
}

#[tokio::test]
async fn an_item_that_cannot_be_evaluated_is_a_denial_with_an_error() {
    let scenario = Scenario::start().await;
    let batch = json!({
        "action": named("read"),
        "evaluations": [
            { "subject": user("alice"), "resource": record("record-1") },
            { "resource": record("record-1") },
            { "subject": { "type": "user" }, "resource": record("record-1") },
            { "subject": "alice", "resource": record("record-1") },
            7,
            { "subject": user("alice"), "resource": record("record-1") },
        ],
    });
    let answer = scenario.post(EVALUATIONS, &batch).await;
    assert_eq!(decisions(&answer.json()), [true, false, false, false, false, true]);
    assert_snapshot!(answer, @r#"
    200
    {
      "evaluations": [
        {
          "context": {
            "reason": {
              "code": "allowed"
            },
            "revision": 16
          },
          "decision": true
        },
        {
          "context": {
            "error": {
              "message": "subject: missing field `subject`",
              "status": 400
            }
          },
          "decision": false
        },
        {
          "context": {
            "error": {
              "message": "subject.id: missing field `id`",
              "status": 400
            }
          },
          "decision": false
        },
        {
          "context": {
            "error": {
              "message": "subject: invalid type: string \"alice\", expected an object",
              "status": 400
            }
          },
          "decision": false
        },
        {
          "context": {
            "error": {
              "message": "invalid type: integer `7`, expected an object",
              "status": 400
            }
          },
          "decision": false
        },
        {
          "context": {
            "reason": {
              "code": "allowed"
            },
            "revision": 16
          },
          "decision": true
        }
      ]
    }
    "#);
    let mut first = batch;
    first["options"] = json!({ "evaluations_semantic": "deny_on_first_deny" });
    let answer = scenario.post(EVALUATIONS, &first).await.ok();
    assert_eq!(decisions(&answer), [true, false]);
}

#[tokio::test]
async fn a_batch_without_items_is_a_single_evaluation() {
    let scenario = Scenario::start().await;
    let mut request = json!({
        "subject": user("alice"), "action": named("write"), "resource": record("record-1"),
    });
    let single = scenario.post(EVALUATION, &request).await.ok();
    assert_eq!(scenario.post(EVALUATIONS, &request).await.ok(), single);
    request["evaluations"] = json!([]);
    assert_eq!(scenario.post(EVALUATIONS, &request).await.ok(), single);
    assert_eq!(single["decision"], true);
    request.as_object_mut().unwrap().remove("action");
    let answer = scenario.post(EVALUATIONS, &request).await.expect(400, "field_invalid");
    assert_eq!(answer.field(), "action");
}
