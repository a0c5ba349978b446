//! `dry_run` on single writes: validated as the write, and nothing is changed.

use reqwest::Method;
use serde_json::{Value, json};
use tests::TestServer;

use crate::rules::{create_rule, rule};

const REVISION: &str = "SELECT revision FROM policy_state";
const STATE: &str = "SELECT count(*) FROM (SELECT 1 FROM rules UNION ALL SELECT 1 FROM roles
    UNION ALL SELECT 1 FROM user_roles UNION ALL SELECT 1 FROM audit
    UNION ALL SELECT 1 FROM idempotency_keys) AS everything";

#[tokio::test]
async fn a_dry_run_is_answered_like_the_write_and_changes_nothing() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    root.post("roles", &json!({ "name": "critic" })).await.ok();
    let id = create_rule(&root, 50, "anonymous", "film:f1", "deny").await;
    let film = rule(60, "critic", "film:f1", "read", "allow");
    let granted = format!("users/{}/roles/critic", ada.id);
    let (state, revision) =
        (server.database.count(STATE).await, server.database.count(REVISION).await);
    for (method, path, body, status) in [
        (Method::POST, "rules", film.clone(), 201),
        (Method::PUT, &*format!("rules/{id}"), film.clone(), 200),
        (Method::DELETE, &*format!("rules/{id}"), Value::Null, 200),
        (Method::POST, "roles", json!({ "name": "editor" }), 201),
        (Method::PATCH, "roles/critic", json!({ "description": "Writes." }), 200),
        (Method::DELETE, "roles/critic", Value::Null, 200),
        (Method::PUT, &granted, Value::Null, 200),
        (Method::DELETE, &granted, Value::Null, 200),
    ] {
        let request = root.request(method, &format!("{path}?dry_run=true"));
        let request = request.header("idempotency-key", "k");
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = root.send(request).await.expect(status, "");
        if path == "rules" {
            assert_eq!(answer.json()["resource"], "film:f1");
        }
    }
    assert_eq!(server.database.count(STATE).await, state);
    assert_eq!(server.database.count(REVISION).await, revision);
    assert_eq!(root.get(&format!("rules/{id}")).await.ok()["priority"], 50);
    let film =
        json!({ "action": "read", "resource": { "type": "film", "id": "f1", "labels": [] } });
    assert_eq!(server.guest().post("check", &film).await.ok()["allowed"], false);
}

#[tokio::test]
async fn a_dry_run_is_refused_like_the_write() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let unknown = rule(60, "nobody", "film:f1", "read", "allow");
    root.post("rules?dry_run=true", &unknown).await.expect(422, "role_unknown");
    let open = rule(1, "anonymous", "*", "*", "allow");
    root.post("rules?dry_run=true", &open).await.expect(422, "escalation");
    root.delete("rules/999?dry_run=true").await.expect(404, "rule_not_found");
    let last = format!("users/{}/roles/superuser?dry_run=true", root.id);
    root.delete(&last).await.expect(409, "last_superuser");
    let answer = root.delete("rules/3?dry_run=maybe").await.expect(422, "field_invalid");
    assert_eq!(answer.field(), "dry_run");
}
