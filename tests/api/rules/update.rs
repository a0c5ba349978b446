//! `PUT /api/v1/rules/{id}`

use futures::future::join_all;
use insta::assert_snapshot;
use reqwest::Method;
use tests::TestServer;

use super::{create_rule, rule};

#[tokio::test]
async fn a_rule_is_replaced_as_a_whole() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let answer = root.put("rules/3", &rule(7, "anonymous", "film:a*", "read", "allow")).await;
    assert_snapshot!(answer, @r#"
    200
    {
      "action": "read",
      "builtin": false,
      "description": "",
      "effect": "allow",
      "id": 3,
      "priority": 7,
      "resource": "film:a*",
      "revision": 3,
      "role": "anonymous",
      "warnings": []
    }
    "#);
    assert_eq!(answer.header("etag"), "\"3\"");
    let mut stored = answer.json();
    stored.as_object_mut().unwrap().remove("warnings");
    assert_eq!(root.get("rules/3").await.ok(), stored);
}

#[tokio::test]
async fn the_superusers_rule_and_unknown_rules_cannot_be_changed() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let body = rule(7, "subscriber", "film:x", "read", "deny");
    assert_snapshot!(root.put("rules/1", &body).await.expect(409, "builtin_immutable"), @r#"
    409
    {
      "code": "builtin_immutable",
      "detail": "The built-in rule of the superuser cannot be changed or deleted.",
      "status": 409,
      "title": "Built-in roles and rules cannot be changed or deleted.",
      "type": "about:blank"
    }
    "#);
    root.put("rules/99", &body).await.expect(404, "rule_not_found");
}

#[tokio::test]
async fn invalid_values_are_refused_and_named() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for (body, code, field) in [
        (rule(0, "subscriber", "film:x", "read", "deny"), "priority_invalid", "priority"),
        (rule(1, "No", "film:x", "read", "deny"), "name_invalid", "role"),
        (rule(1, "nobody", "film:x", "read", "deny"), "role_unknown", "role"),
        (rule(1, "subscriber", "x x", "read", "deny"), "name_invalid", "resource"),
        (rule(1, "subscriber", "film:x", "**", "deny"), "name_invalid", "action"),
        (rule(1, "subscriber", "film:x", "read", "no"), "field_invalid", "effect"),
    ] {
        let before = root.get("rules/3").await.ok();
        assert_eq!(root.put("rules/3", &body).await.expect(422, code).field(), field);
        assert_eq!(root.get("rules/3").await.ok(), before);
    }
}

#[tokio::test]
async fn a_change_based_on_an_outdated_version_is_refused() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let body = rule(7, "subscriber", "film:x", "read", "deny");
    let tag = root.get("rules/3").await.header("etag").to_owned();
    let done = root.if_match(&tag, Method::PUT, "rules/3", &body).await;
    let answer = root.if_match(&tag, Method::PUT, "rules/3", &body).await;
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
    root.if_match(done.header("etag"), Method::PUT, "rules/3", &body).await.expect(200, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_changes_to_one_version_one_succeeds() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let tag = root.get("rules/3").await.header("etag").to_owned();
    let changes = (1..=10).map(async |priority| {
        let body = rule(priority, "subscriber", "film:x", "read", "deny");
        root.if_match(&tag, Method::PUT, "rules/3", &body).await
    });
    let (done, refused): (Vec<_>, Vec<_>) =
        join_all(changes).await.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(done.len(), 1);
    let mut done = done[0].json();
    done.as_object_mut().unwrap().remove("warnings");
    assert_eq!(root.get("rules/3").await.ok(), done);
    for answer in refused {
        answer.expect(412, "precondition_failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writes_each_get_their_own_revision() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let writes = (0..20).map(async |number| {
        create_rule(&root, 300, "subscriber", &format!("film:f{number}"), "deny").await
    });
    let ids = join_all(writes).await;
    let mut revisions = Vec::new();
    for id in ids {
        revisions.push(root.get(&format!("rules/{id}")).await.ok()["revision"].as_i64().unwrap());
    }
    revisions.sort_unstable();
    assert_eq!(revisions, (3..23).collect::<Vec<i64>>());
}
