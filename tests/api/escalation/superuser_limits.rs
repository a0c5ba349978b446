//! Limits that hold for superusers, too.

use insta::assert_snapshot;
use serde_json::json;
use tests::TestServer;

use crate::rules::rule;

#[tokio::test]
async fn built_in_roles_cannot_be_created_renamed_changed_or_deleted() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for name in ["anonymous", "superuser"] {
        let path = format!("roles/{name}");
        root.post("roles", &json!({ "name": name })).await.expect(409, "role_exists");
        let rename = root.patch(&path, &json!({ "name": "other" })).await;
        assert_eq!(rename.expect(422, "field_invalid").field(), "name");
        for inherits in [json!(["subscriber"]), json!([])] {
            let change = json!({ "inherits": inherits });
            root.patch(&path, &change).await.expect(409, "builtin_immutable");
        }
        root.delete(&path).await.expect(409, "builtin_immutable");
        assert_eq!(root.get(&path).await.ok()["builtin"], true);
    }
}

#[tokio::test]
async fn no_rule_can_outrank_the_superuser() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for (resource, action) in [("*", "*"), ("route:*", "*"), ("route:/api/v1/rules*", "DELETE")] {
        root.post("rules", &rule(1, "superuser", resource, action, "deny")).await.expect(201, "");
        root.post("rules", &rule(1, "anonymous", resource, action, "deny")).await.expect(201, "");
    }
    root.get("rules").await.expect(200, "");
    root.delete("rules/3").await.expect(200, "");
}

#[tokio::test]
async fn a_rule_that_lets_guests_write_through_the_api_is_refused() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for resource in ["*", "r*", "route:*", "route:/*", "route:/api/v1/rules", "route:/api*"] {
        for action in ["*", "POST", "PUT", "PATCH", "DELETE", "P*", "DEL*"] {
            let body = rule(60, "anonymous", resource, action, "allow");
            root.post("rules", &body).await.expect(422, "escalation");
            root.put("rules/5", &body).await.expect(422, "escalation");
        }
    }
    let body = rule(60, "anonymous", "*", "*", "allow");
    assert_snapshot!(root.post("rules", &body).await, @r#"
    422
    {
      "code": "escalation",
      "detail": "This rule would allow guests to write through the server's own API.",
      "status": 422,
      "title": "This write would grant more privileges than you may grant.",
      "type": "about:blank"
    }
    "#);
    assert_eq!(server.database.count("SELECT count(*) FROM rules").await, 5);
}

#[tokio::test]
async fn a_rule_may_let_every_user_read_through_the_api_but_guests_need_a_token() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let body = rule(60, "anonymous", "route:/api/v1/rules*", "GET", "allow");
    root.post("rules", &body).await.expect(201, "");
    user.get("rules").await.expect(200, "");
    server.guest().get("rules").await.expect(401, "token_missing");
}
