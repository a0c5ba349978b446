//! A user who administers roles, rules and users, but is not a superuser.

use insta::assert_snapshot;
use serde_json::json;
use tests::{TestServer, User};

use crate::roles::create_role;
use crate::rules::{create_rule, rule};
use crate::users::{grant, put_role};

/// Resources that cover the server's own routes.
const PRIVILEGED: [&str; 7] =
    ["*", "route:*", "route*", "r*", "route:/api/v1/me", "route:/api/v1/rules*", "route:x"];

/// A superuser, and a user whose role has every permission on the administrative routes.
pub(crate) async fn root_and_manager(server: &TestServer) -> (User, User) {
    let (root, manager) = (server.superuser().await, server.register("manager").await);
    create_role(&root, "manager", &[]).await;
    for path in ["roles", "rules", "users", "policy"] {
        let resource = format!("route:/api/v1/{path}*");
        root.post("rules", &rule(50, "manager", &resource, "*", "allow")).await.expect(201, "");
    }
    grant(&root, &manager.id, "manager").await;
    manager.get("rules").await.expect(200, "");
    (root, manager)
}

#[tokio::test]
async fn only_a_superuser_may_write_a_rule_on_routes_or_on_everything() {
    let server = TestServer::start().await;
    let (root, manager) = root_and_manager(&server).await;
    for resource in PRIVILEGED {
        for effect in ["allow", "deny"] {
            let body = rule(60, "subscriber", resource, "GET", effect);
            manager.post("rules", &body).await.expect(422, "escalation");
        }
    }
    let body = rule(60, "subscriber", "route:*", "GET", "deny");
    assert_snapshot!(manager.post("rules", &body).await, @r#"
    422
    {
      "code": "escalation",
      "detail": "Only a superuser may write rules on `route:` or `*`.",
      "field": "resource",
      "status": 422,
      "title": "This write would grant more privileges than you may grant.",
      "type": "about:blank"
    }
    "#);
    root.post("rules", &body).await.expect(201, "");
    for resource in ["film:x", "label:x", "film*", "routes:x", "route"] {
        let body = rule(60, "subscriber", resource, "read", "deny");
        manager.post("rules", &body).await.expect(201, "");
    }
}

#[tokio::test]
async fn only_a_superuser_may_change_or_delete_a_rule_on_routes() {
    let server = TestServer::start().await;
    let (root, manager) = root_and_manager(&server).await;
    let plain = rule(60, "subscriber", "film:x", "read", "deny");
    let privileged = rule(60, "subscriber", "route:x", "GET", "deny");
    let id = root.post("rules", &privileged).await.ok()["id"].clone();
    manager.put(&format!("rules/{id}"), &plain).await.expect(422, "escalation");
    manager.delete(&format!("rules/{id}")).await.expect(422, "escalation");
    let id = create_rule(&manager, 60, "subscriber", "film:y", "deny").await;
    manager.put(&format!("rules/{id}"), &privileged).await.expect(422, "escalation");
    manager.put(&format!("rules/{id}"), &plain).await.expect(200, "");
    manager.delete(&format!("rules/{id}")).await.expect(200, "");
}

#[tokio::test]
async fn only_a_superuser_may_grant_or_revoke_a_role_that_reaches_routes() {
    let server = TestServer::start().await;
    let (root, manager) = root_and_manager(&server).await;
    let friend = server.register("friend").await;
    create_role(&root, "helper", &["manager"]).await;
    for role in ["manager", "helper", "superuser"] {
        put_role(&manager, &friend.id, role).await.expect(422, "escalation");
        put_role(&manager, &manager.id, role).await.expect(422, "escalation");
        grant(&root, &friend.id, role).await;
        let path = format!("users/{}/roles/{role}", friend.id);
        manager.delete(&path).await.expect(422, "escalation");
    }
    assert_snapshot!(put_role(&manager, &friend.id, "helper").await, @r#"
    422
    {
      "code": "escalation",
      "detail": "Role helper reaches rules on `route:` or `*`; only a superuser may grant or revoke it.",
      "field": "role",
      "status": 422,
      "title": "This write would grant more privileges than you may grant.",
      "type": "about:blank"
    }
    "#);
    grant(&manager, &friend.id, "subscriber").await;
}

#[tokio::test]
async fn only_a_superuser_may_make_a_role_inherit_one_that_reaches_routes() {
    let server = TestServer::start().await;
    let (root, manager) = root_and_manager(&server).await;
    create_role(&root, "helper", &["manager"]).await;
    let own = manager.post("roles", &json!({ "name": "own" })).await;
    own.expect(201, "");
    for inherited in ["manager", "helper"] {
        let new = json!({ "name": "new", "inherits": ["subscriber", inherited] });
        manager.post("roles", &new).await.expect(422, "escalation");
        let change = json!({ "inherits": [inherited] });
        manager.patch("roles/own", &change).await.expect(422, "escalation");
        manager.patch("roles/subscriber", &change).await.expect(422, "escalation");
    }
    manager.patch("roles/own", &json!({ "inherits": ["subscriber"] })).await.expect(200, "");
    // Such a role cannot be extended, reduced or deleted.
    let more = json!({ "inherits": ["own"] });
    manager.patch("roles/manager", &more).await.expect(422, "escalation");
    manager.patch("roles/helper", &json!({ "inherits": [] })).await.expect(422, "escalation");
    manager.delete("roles/helper").await.expect(422, "escalation");
    root.get("roles/new").await.expect(404, "role_not_found");
}

#[tokio::test]
async fn no_role_can_inherit_superuser() {
    let server = TestServer::start().await;
    let (root, manager) = root_and_manager(&server).await;
    for caller in [&root, &manager] {
        let new = json!({ "name": "new", "inherits": ["superuser"] });
        caller.post("roles", &new).await.expect(422, "escalation");
        let change = json!({ "inherits": ["superuser"] });
        caller.patch("roles/subscriber", &change).await.expect(422, "escalation");
    }
    let new = json!({ "name": "new", "inherits": ["superuser"] });
    assert_snapshot!(root.post("roles", &new).await, @r#"
    422
    {
      "code": "escalation",
      "detail": "The role `new` cannot inherit `superuser`, which can only be granted to individual users.",
      "status": 422,
      "title": "This write would grant more privileges than you may grant.",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test]
async fn a_manager_cannot_restrict_the_superuser_or_use_priority_zero() {
    let server = TestServer::start().await;
    let (root, manager) = root_and_manager(&server).await;
    create_rule(&manager, 1, "superuser", "film:*", "deny").await;
    let film = json!({ "action": "read", "resource": { "type": "film", "id": "f1" } });
    assert_eq!(root.post("check", &film).await.ok()["allowed"], true);
    let first = rule(0, "manager", "film:*", "read", "allow");
    manager.post("rules", &first).await.expect(422, "priority_invalid");
}
