//! Roles that inherit others.

use insta::assert_snapshot;
use serde_json::json;
use tests::{Caller, TestServer};

use super::create_role;
use crate::users::grant;

/// Roles `r0` … `rN`, each inheriting the one before.
async fn chain(root: &Caller, links: usize) {
    create_role(root, "r0", &[]).await;
    for link in 1..=links {
        create_role(root, &format!("r{link}"), &[&format!("r{}", link - 1)]).await;
    }
}

#[tokio::test]
async fn inheritance_works_over_seven_links_and_an_eighth_is_refused() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    chain(&root, 7).await;
    root.patch("roles/r0", &json!({ "inherits": ["subscriber"] }))
        .await
        .expect(422, "inheritance_too_long");
    let eighth = root.post("roles", &json!({ "name": "r8", "inherits": ["r7"] })).await;
    let detail = eighth.expect(422, "inheritance_too_long").json()["detail"].clone();
    assert!(detail.as_str().unwrap().contains("7 links"), "{detail}");
    let rule = json!({
        "priority": 50, "role": "r0", "resource": "label:new", "action": "read", "effect": "allow",
    });
    root.post("rules", &rule).await.expect(201, "");
    grant(&root, &user.id, "r7").await;
    let new = json!({ "action": "read", "resource": { "type": "film", "labels": ["new"] } });
    assert_eq!(user.post("check", &new).await.ok()["allowed"], true);
}

#[tokio::test]
async fn a_role_cannot_inherit_itself_directly_or_indirectly() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    chain(&root, 3).await;
    for (name, inherits) in [("r0", "r0"), ("r0", "r1"), ("r0", "r3")] {
        let change = json!({ "inherits": [inherits] });
        root.patch(&format!("roles/{name}"), &change).await.expect(422, "inheritance_cycle");
    }
    let itself = json!({ "name": "loop", "inherits": ["loop"] });
    assert_snapshot!(root.post("roles", &itself).await.expect(422, "inheritance_cycle"), @r#"
    422
    {
      "code": "inheritance_cycle",
      "detail": "A role cannot inherit itself: `loop` is part of a cycle.",
      "status": 422,
      "title": "A role must not inherit itself.",
      "type": "about:blank"
    }
    "#);
    root.get("roles/loop").await.expect(404, "role_not_found");
    assert_eq!(root.get("roles/r0").await.ok()["inherits"], json!([]));
}
