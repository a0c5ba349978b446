//! `DELETE /api/v1/roles/{name}`

use chrono::TimeDelta;
use insta::assert_snapshot;
use serde_json::json;
use tests::TestServer;

use super::{create_role, delete_if};
use crate::users::grant;

#[tokio::test]
async fn deleting_a_role_revokes_it_and_reserves_its_name_for_the_life_of_a_token() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    create_role(&root, "critic", &["subscriber"]).await;
    grant(&root, &user.id, "critic").await;
    assert_snapshot!(root.delete("roles/critic").await, @r#"
    200
    {
      "revision": 5,
      "warnings": []
    }
    "#);
    assert_eq!(user.get("me/permissions").await.ok()["roles"], json!([]));
    let again = json!({ "name": "critic" });
    let refused = root.post("roles", &again).await.expect(409, "role_name_reserved");
    assert!(refused.json()["detail"].as_str().unwrap().contains("is reserved until"));
    server.clock.advance(TimeDelta::seconds(370));
    server.log_in("root").await.post("roles", &again).await.expect(201, "");
    assert_eq!(server.log_in("ada").await.get("me").await.ok()["roles"], json!([]));
}

#[tokio::test]
async fn a_role_in_use_by_a_rule_or_another_role_cannot_be_deleted() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    create_role(&root, "critic", &[]).await;
    create_role(&root, "editor", &["critic"]).await;
    assert_snapshot!(root.delete("roles/critic").await.expect(409, "role_in_use"), @r#"
    409
    {
      "code": "role_in_use",
      "detail": "The role `critic` is still inherited by `editor`.",
      "status": 409,
      "title": "Rules or other roles refer to this role.",
      "type": "about:blank"
    }
    "#);
    root.delete("roles/subscriber").await.expect(409, "role_in_use");
    root.delete("roles/editor").await.expect(200, "");
    root.delete("roles/critic").await.expect(200, "");
}

#[tokio::test]
async fn built_in_and_unknown_roles_cannot_be_deleted() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for builtin in ["anonymous", "superuser"] {
        root.delete(&format!("roles/{builtin}")).await.expect(409, "builtin_immutable");
    }
    root.delete("roles/nobody").await.expect(404, "role_not_found");
}

#[tokio::test]
async fn a_role_that_has_changed_is_not_deleted() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    create_role(&root, "critic", &[]).await;
    let tag = root.get("roles/critic").await.header("etag").to_owned();
    root.patch("roles/critic", &json!({ "description": "x" })).await.expect(200, "");
    delete_if(&root, &tag, "critic").await.expect(412, "precondition_failed");
    let unreadable = delete_if(&root, "\u{e9}", "critic").await.expect(422, "field_invalid");
    assert_eq!(unreadable.field(), "If-Match");
    let tag = root.get("roles/critic").await.header("etag").to_owned();
    delete_if(&root, &tag, "critic").await.expect(200, "");
}
