//! Warnings in the answers of writes: what is valid, and probably a mistake.

use reqwest::Method;
use serde_json::{Value, json};
use tests::TestServer;

use super::{create_rule, rule};
use crate::users::put_role;

/// Code, id of the rule, id of its cause, and closest name of each warning.
fn warnings(answer: &Value) -> Vec<(String, Value, Value, Value)> {
    let listed = answer["warnings"].as_array().unwrap().iter();
    listed
        .map(|warning| {
            assert!(!warning["message"].as_str().unwrap().is_empty());
            let code = warning["code"].as_str().unwrap().to_owned();
            let [rule, cause] = ["rule", "cause"].map(|field| warning[field]["id"].clone());
            (code, rule, cause, warning["closest"].clone())
        })
        .collect()
}

fn warning(
    code: &str,
    rule: impl Into<Value>,
    cause: impl Into<Value>,
) -> (String, Value, Value, Value) {
    (code.to_owned(), rule.into(), cause.into(), Value::Null)
}

#[tokio::test]
async fn a_new_rule_is_warned_of_unknown_names_with_the_closest() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let made = root.post("rules", &rule(50, "subscriber", "label:nwe", "raed", "allow")).await.ok();
    let id = made["id"].clone();
    let mut expected = [
        warning("unknown_label", id.clone(), Value::Null),
        warning("unknown_action", id.clone(), Value::Null),
    ];
    (expected[0].3, expected[1].3) = ("new".into(), "read".into());
    assert_eq!(warnings(&made), expected);
    assert_eq!(made["warnings"][0]["rule"]["resource"], "label:nwe");
    let right = rule(50, "subscriber", "label:new", "write", "allow");
    let path = format!("rules/{id}");
    assert_eq!(warnings(&root.put(&path, &right).await.ok()), []);
    assert_eq!(root.get(&path).await.ok()["warnings"], Value::Null);
}

#[tokio::test]
async fn a_write_names_the_rules_that_it_leaves_without_effect() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let narrow = create_rule(&root, 60, "subscriber", "film:a*", "allow").await;
    let wide = rule(50, "subscriber", "film:*", "read", "deny");
    let dry = root.post("rules?dry_run=true", &wide).await.ok();
    let [(code, shadowed, ..)] = &warnings(&dry)[..] else { panic!("{dry}") };
    assert_eq!((code.as_str(), shadowed), ("shadowed", &json!(narrow)));
    let made = root.post("rules", &wide).await.ok();
    let id = made["id"].clone();
    assert_eq!(warnings(&made), [warning("shadowed", narrow, id.clone())]);
    let again = root.post("rules", &rule(70, "subscriber", "film:*", "read", "deny")).await.ok();
    assert_eq!(warnings(&again), [warning("duplicate", again["id"].clone(), id)]);
}

#[tokio::test]
async fn a_write_is_warned_of_a_policy_without_a_rule_for_a_label_or_an_administrator() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    root.post("roles", &json!({ "name": "admin" })).await.ok();
    let admin = rule(5, "admin", "route:/api/v1/*", "*", "allow");
    let made = root.post("rules", &admin).await.ok();
    assert_eq!(warnings(&made), []);
    let path = format!("rules/{}", made["id"]);
    let deleted = root.delete(&path).await.ok();
    assert_eq!(warnings(&deleted), [warning("no_rule_admin", Value::Null, Value::Null)]);
    // Nobody but superusers could write rules before, either.
    let role = root.patch("roles/admin", &json!({ "inherits": [] })).await.ok();
    assert_eq!(warnings(&role), []);
    let policy = root.get("policy").await;
    let revision = policy.header("etag").to_owned();
    let labels: Vec<u64> = root
        .items("rules")
        .await
        .iter()
        .filter(|rule| rule["resource"] == "label:new")
        .map(|rule| rule["id"].as_u64().unwrap())
        .collect();
    let changes: Vec<Value> =
        labels.iter().map(|id| json!({ "delete_rule": { "id": id } })).collect();
    let changes = json!({ "changes": changes });
    let unused = [warning("unused_label", Value::Null, Value::Null)];
    let preview = root.post("policy/preview", &changes).await.ok();
    assert_eq!(warnings(&preview), unused);
    let applied = root.if_match(&revision, Method::POST, "policy/changes", &changes).await;
    assert_eq!(warnings(&applied.ok()), unused);
    let restore = format!("policy/revisions/{}/restore", revision.trim_matches('"'));
    let restored = root.if_match("*", Method::POST, &restore, &Value::Null).await;
    assert_eq!(warnings(&restored.ok()), []);
    let user = server.register("ada").await;
    let granted = put_role(&root, &user.id, "admin").await;
    assert_eq!(warnings(&granted.ok()), []);
}
