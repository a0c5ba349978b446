//! `PATCH /api/v1/roles/{name}`

use futures::future::join_all;
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;
use tests::TestServer;

use super::create_role;

#[tokio::test]
async fn omitted_fields_stay_unchanged() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    create_role(&root, "critic", &["subscriber"]).await;
    let answer = root.patch("roles/critic", &json!({ "description": "Writes." })).await;
    assert_snapshot!(answer, @r#"
    200
    {
      "builtin": false,
      "description": "Writes.",
      "inherits": [
        "subscriber"
      ],
      "name": "critic",
      "revision": 4,
      "warnings": []
    }
    "#);
    assert_eq!(answer.header("etag"), "\"4\"");
    root.patch("roles/critic", &json!({ "inherits": [] })).await.expect(200, "");
    let role = root.get("roles/critic").await.ok();
    assert_eq!((&role["description"], &role["inherits"]), (&json!("Writes."), &json!([])));
}

#[tokio::test]
async fn unknown_and_built_in_roles_cannot_be_changed() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let change = json!({ "description": "x" });
    root.patch("roles/nobody", &change).await.expect(404, "role_not_found");
    root.patch("roles/No", &change).await.expect(404, "role_not_found");
    for builtin in ["anonymous", "superuser"] {
        for change in [&change, &json!({ "inherits": ["subscriber"] })] {
            let answer = root.patch(&format!("roles/{builtin}"), change).await;
            answer.expect(409, "builtin_immutable");
        }
    }
    let answer = root.patch("roles/anonymous", &change).await;
    assert_snapshot!(answer, @r#"
    409
    {
      "code": "builtin_immutable",
      "detail": "The built-in role `anonymous` cannot be changed.",
      "status": 409,
      "title": "Built-in roles and rules cannot be changed or deleted.",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test]
async fn invalid_values_are_refused_and_named() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let change = async |body| root.patch("roles/subscriber", &body).await;
    let answer = change(json!({ "description": "x".repeat(1_001) })).await;
    assert_eq!(answer.expect(422, "field_invalid").field(), "description");
    let answer = change(json!({ "inherits": ["No"] })).await;
    assert_eq!(answer.expect(422, "name_invalid").field(), "inherits[0]");
    let answer = change(json!({ "inherits": ["nobody"] })).await;
    assert_eq!(answer.expect(422, "role_unknown").field(), "inherits[0]");
}

#[tokio::test]
async fn a_change_based_on_an_outdated_version_is_refused() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let change = json!({ "description": "x" });
    let tag = root.get("roles/subscriber").await.header("etag").to_owned();
    let path = "roles/subscriber";
    root.if_match(&tag, Method::PATCH, path, &change).await.expect(200, "");
    let answer = root.if_match(&tag, Method::PATCH, path, &change).await;
    assert_snapshot!(answer.expect(412, "precondition_failed"), @r#"
    412
    {
      "code": "precondition_failed",
      "detail": "Its ETag is \"3\" now.",
      "status": 412,
      "title": "The resource has changed since it was read; read it again.",
      "type": "about:blank"
    }
    "#);
    root.if_match("*", Method::PATCH, path, &change).await.expect(200, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_changes_to_one_version_one_succeeds() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let tag = root.get("roles/subscriber").await.header("etag").to_owned();
    let changes = (0..10).map(async |number| {
        let change = json!({ "description": format!("by {number}") });
        root.if_match(&tag, Method::PATCH, "roles/subscriber", &change).await
    });
    let (done, refused): (Vec<_>, Vec<_>) =
        join_all(changes).await.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(done.len(), 1);
    let role = root.get("roles/subscriber").await.ok();
    assert_eq!(role["description"], done[0].json()["description"]);
    for answer in refused {
        answer.expect(412, "precondition_failed");
    }
}
