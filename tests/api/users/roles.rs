//! `GET /api/v1/users/{id}/roles`, `PUT` and `DELETE /api/v1/users/{id}/roles/{role}`

use futures::future::join_all;
use insta::assert_snapshot;
use serde_json::json;
use tests::{TestServer, UNKNOWN_ID};

use super::{grant, put_role, revoke};

#[tokio::test]
async fn granting_and_revoking_a_role_returns_the_revision() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let roles = format!("users/{}/roles", user.id);
    assert_snapshot!(put_role(&root, &user.id, "subscriber").await, @r#"
    200
    {
      "revision": 3,
      "warnings": []
    }
    "#);
    assert_snapshot!(root.get(&roles).await, @r#"
    200
    {
      "items": [
        "subscriber"
      ],
      "next": null
    }
    "#);
    assert_eq!(revoke(&root, &user.id, "subscriber").await, 4);
    assert_eq!(root.get(&roles).await.ok()["items"], json!([]));
}

#[tokio::test]
async fn granting_and_revoking_are_idempotent() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    assert_eq!(grant(&root, &user.id, "subscriber").await, 3);
    assert_eq!(grant(&root, &user.id, "subscriber").await, 3);
    assert_eq!(revoke(&root, &user.id, "subscriber").await, 4);
    assert_eq!(revoke(&root, &user.id, "subscriber").await, 4);
}

#[tokio::test]
async fn an_unknown_user_or_role_is_not_found() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    for role in ["nobody", "No", "%E2%82%AC", "a%2Fb"] {
        put_role(&root, &user.id, role).await.expect(404, "role_not_found");
        root.delete(&format!("users/{}/roles/{role}", user.id)).await.expect(404, "role_not_found");
    }
    put_role(&root, UNKNOWN_ID, "subscriber").await.expect(404, "user_not_found");
    let path = format!("users/{UNKNOWN_ID}/roles");
    root.delete(&format!("{path}/subscriber")).await.expect(404, "user_not_found");
    assert_snapshot!(root.get(&path).await.expect(404, "user_not_found"), @r#"
    404
    {
      "code": "user_not_found",
      "status": 404,
      "title": "User not found.",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test]
async fn the_anonymous_role_cannot_be_granted_or_revoked() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let answer = put_role(&root, &user.id, "anonymous").await;
    assert_snapshot!(answer.expect(409, "builtin_immutable"), @r#"
    409
    {
      "code": "builtin_immutable",
      "detail": "The role `anonymous` applies to everyone and cannot be granted or revoked.",
      "status": 409,
      "title": "Built-in roles and rules cannot be changed or deleted.",
      "type": "about:blank"
    }
    "#);
    root.delete(&format!("users/{}/roles/anonymous", user.id))
        .await
        .expect(409, "builtin_immutable");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_grants_all_apply() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let names: Vec<String> = (0..10).map(|number| format!("role{number}")).collect();
    for name in &names {
        root.post("roles", &json!({ "name": name })).await.expect(201, "");
    }
    join_all(names.iter().map(async |name| grant(&root, &user.id, name).await)).await;
    let path = format!("users/{}/roles", user.id);
    assert_eq!(root.get(&path).await.ok()["items"], json!(names));
    assert_eq!(user.get("me").await.ok()["roles"], json!(names));
}
