//! Built-in roles and the built-in rule.

use serde_json::json;
use tests::TestServer;

use crate::rules::rule;

#[tokio::test]
async fn built_in_roles_can_not_be_made_renamed_changed_or_deleted_by_a_superuser_either() {
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
async fn the_superuser_can_not_be_outranked() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for (resource, action) in [("*", "*"), ("route:*", "*"), ("route:/api/v1/rules*", "DELETE")] {
        root.post("rules", &rule(1, "superuser", resource, action, "deny")).await.expect(201, "");
        root.post("rules", &rule(1, "anonymous", resource, action, "deny")).await.expect(201, "");
    }
    root.get("rules").await.expect(200, "");
    root.delete("rules/3").await.expect(200, "");
}
