//! `POST /api/v1/rules`

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::{Database, TestServer};

use super::rule;

#[tokio::test]
async fn a_new_rule_is_returned_as_stored() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let answer = root.post("rules", &rule(50, "subscriber", "film:a*", "read", "allow")).await;
    assert_snapshot!(answer, @r#"
    201
    {
      "action": "read",
      "builtin": false,
      "description": "",
      "effect": "allow",
      "id": 6,
      "priority": 50,
      "resource": "film:a*",
      "revision": 3,
      "role": "subscriber",
      "warnings": []
    }
    "#);
    assert_eq!(answer.header("etag"), "\"3\"");
    let id = &answer.json()["id"];
    let mut stored = answer.json();
    stored.as_object_mut().unwrap().remove("warnings");
    assert_eq!(root.get(&format!("rules/{id}")).await.ok(), stored);
}

#[tokio::test]
async fn invalid_names_are_refused_and_named() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let long = format!("film:{}", "x".repeat(600));
    for (field, value) in [
        ("role", "No"),
        ("resource", ""),
        ("resource", "Film:x"),
        ("resource", "film:**"),
        ("resource", "**"),
        ("resource", ":x"),
        ("resource", "fi lm:x"),
        ("resource", "label:NEW"),
        ("resource", "label:a b"),
        ("resource", "film:a\nb"),
        ("resource", &long),
        ("action", ""),
        ("action", "read**"),
        ("action", "a\u{7}"),
    ] {
        let mut body = rule(50, "subscriber", "film:x", "read", "deny");
        body[field] = value.into();
        let answer = root.post("rules", &body).await;
        assert_eq!(answer.expect(422, "name_invalid").field(), field, "{value:?}");
    }
    let answer = root.post("rules", &rule(50, "subscriber", "film:**", "read", "deny")).await;
    assert_snapshot!(answer, @r#"
    422
    {
      "code": "name_invalid",
      "detail": "Invalid resource \"film:**\": only one trailing `*` is allowed.",
      "field": "resource",
      "status": 422,
      "title": "Invalid name.",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test]
async fn an_unknown_role_is_refused() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let answer = root.post("rules", &rule(50, "nobody", "film:x", "read", "deny")).await;
    assert_eq!(answer.expect(422, "role_unknown").field(), "role");
}

#[tokio::test]
async fn a_priority_is_a_positive_number_of_31_bits() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let with = |priority: Value| {
        let mut body = rule(1, "subscriber", "film:x", "read", "deny");
        body["priority"] = priority;
        body
    };
    for priority in [json!(0), json!(2_147_483_648_u32), json!(u32::MAX)] {
        let answer = root.post("rules", &with(priority)).await;
        assert_eq!(answer.expect(422, "priority_invalid").field(), "priority");
    }
    for priority in [json!(-1), json!(1.5), json!("1"), json!(null), json!(u64::MAX)] {
        let answer = root.post("rules", &with(priority)).await;
        assert_eq!(answer.expect(422, "field_invalid").field(), "priority");
    }
    for priority in [1, i32::MAX] {
        root.post("rules", &with(priority.into())).await.expect(201, "");
    }
}

#[tokio::test]
async fn an_effect_is_exactly_allow_or_deny() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for effect in ["Allow", "permit", "", "deny "] {
        let answer = root.post("rules", &rule(1, "subscriber", "film:x", "read", effect)).await;
        assert_eq!(answer.expect(422, "field_invalid").field(), "effect");
    }
}

#[tokio::test]
async fn a_type_has_at_most_a_thousand_prefix_rules() {
    let database = Database::migrated().await;
    database
        .execute(
            "INSERT INTO rules (priority, role, resource, action, effect, created_at, revision)
             SELECT 500, 'anonymous', 'film:p' || n || '*', 'read', 'deny', now(), 1
             FROM generate_series(1, 1000) n",
        )
        .await;
    let server = TestServer::on_database(database, &[]).await;
    let root = server.superuser().await;
    let one_more = rule(500, "anonymous", "film:q*", "read", "deny");
    let answer = root.post("rules", &one_more).await;
    assert_snapshot!(answer.expect(422, "policy_too_large"), @r#"
    422
    {
      "code": "policy_too_large",
      "detail": "Rules may name at most 1000 prefixes of the type `film`.",
      "status": 422,
      "title": "The policy would exceed the size limit of a search filter.",
      "type": "about:blank"
    }
    "#);
    root.put("rules/3", &one_more).await.expect(422, "policy_too_large");
    let another_type = rule(500, "anonymous", "series:q*", "read", "deny");
    root.post("rules", &another_type).await.expect(201, "");
    let count = server.database.count("SELECT count(*) FROM rules").await;
    assert_eq!(count, 1006, "half-written");
}
