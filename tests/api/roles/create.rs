//! `POST /api/v1/roles`

use futures::future::join_all;
use insta::assert_snapshot;
use serde_json::json;
use tests::TestServer;

#[tokio::test]
async fn a_new_role_is_returned_as_stored() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let body = json!({ "name": "critic", "description": "Writes.", "inherits": ["subscriber", "subscriber"] });
    let answer = root.post("roles", &body).await;
    assert_snapshot!(answer, @r#"
    201
    {
      "builtin": false,
      "description": "Writes.",
      "inherits": [
        "subscriber"
      ],
      "name": "critic",
      "revision": 3,
      "warnings": []
    }
    "#);
    assert_eq!(answer.header("etag"), "\"3\"");
    assert_eq!(root.get("roles/critic").await.ok()["inherits"], json!(["subscriber"]));
}

#[tokio::test]
async fn an_existing_or_built_in_name_is_refused() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for name in ["subscriber", "anonymous", "superuser"] {
        let answer = root.post("roles", &json!({ "name": name })).await;
        assert_eq!(answer.status, 409, "{answer}");
    }
    let answer = root.post("roles", &json!({ "name": "subscriber" })).await;
    assert_snapshot!(answer.expect(409, "role_exists"), @r#"
    409
    {
      "code": "role_exists",
      "status": 409,
      "title": "A role with this name already exists.",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test]
async fn an_invalid_name_is_refused_with_the_grammar() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let long = "a".repeat(65);
    for name in ["", "Critic", "-a", ".a", "a b", "é", "a*", "a:b", "a=b", "cаt", "a\n", &long] {
        let answer = root.post("roles", &json!({ "name": name })).await;
        assert_eq!(answer.expect(422, "name_invalid").field(), "name", "{name:?}");
    }
    let answer = root.post("roles", &json!({ "name": "Critic" })).await;
    assert_snapshot!(answer, @r#"
    422
    {
      "code": "name_invalid",
      "detail": "Invalid role \"Critic\": use 1 to 64 of the characters a-z 0-9 _ . - and start with a letter or digit.",
      "field": "name",
      "status": 422,
      "title": "Invalid name.",
      "type": "about:blank"
    }
    "#);
    for name in ["0", "a_b.c-d", &"a".repeat(64)] {
        root.post("roles", &json!({ "name": name })).await.expect(201, "");
    }
}

#[tokio::test]
async fn an_invalid_description_or_inherited_role_is_named() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let long = json!({ "name": "critic", "description": "x".repeat(1_001) });
    assert_eq!(root.post("roles", &long).await.expect(422, "field_invalid").field(), "description");
    let broken = json!({ "name": "critic", "inherits": ["subscriber", "No"] });
    let answer = root.post("roles", &broken).await.expect(422, "name_invalid");
    assert_eq!(answer.field(), "inherits[1]");
    let unknown = json!({ "name": "critic", "inherits": ["subscriber", "nobody"] });
    let answer = root.post("roles", &unknown).await.expect(422, "role_unknown");
    assert_eq!(answer.field(), "inherits[1]");
    root.get("roles/critic").await.expect(404, "role_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_creations_of_one_role_one_succeeds() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let makes = (0..10).map(async |_| root.post("roles", &json!({ "name": "critic" })).await);
    let (made, refused): (Vec<_>, Vec<_>) =
        join_all(makes).await.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(made.len(), 1);
    for answer in refused {
        answer.expect(409, "role_exists");
    }
    let journal = server.database.count("SELECT max(revision) FROM policy_journal").await;
    assert_eq!(journal, 3, "a refused write counts");
}
