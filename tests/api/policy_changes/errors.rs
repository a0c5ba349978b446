//! What is wrong with a list of changes is named, by the field, for a preview as for the changes.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Database, TestServer, UNKNOWN_ID, User};

use super::{apply, preview};
use crate::rules::rule;

async fn refused(root: &User, changes: &[Value], status: u16, code: &str) -> Vec<Answer> {
    let applied = apply(root, changes).await.expect(status, code);
    vec![applied, preview(root, changes).await.expect(status, code)]
}

#[tokio::test]
async fn a_change_is_refused_as_the_operation_that_makes_it_alone() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    root.post("roles", &json!({ "name": "gone" })).await.ok();
    root.delete("roles/gone").await.expect(200, "");
    let named = |name: &str| json!({ "create_role": { "name": name } });
    let inherit = |name: &str, other: &str| json!({ "update_role": { "name": name, "role": { "inherits": [other] } } });
    let film = |priority: i64, role: &str| rule(priority, role, "film:f1", "read", "deny");
    let chain: Vec<Value> = (0..9).map(|n| named(&format!("r{n}"))).collect();
    let links: Vec<Value> =
        (0..8).map(|n| inherit(&format!("r{n}"), &format!("r{}", n + 1))).collect();
    for (changes, status, code, field) in [
        (vec![json!({ "delete_rule": { "id": 999 } })], 404, "rule_not_found", "delete_rule.id"),
        (
            vec![json!({ "update_rule": { "id": 999, "rule": film(5, "subscriber") } })],
            404,
            "rule_not_found",
            "update_rule.id",
        ),
        (
            vec![json!({ "delete_role": { "name": "nobody" } })],
            404,
            "role_not_found",
            "delete_role",
        ),
        (
            vec![json!({ "delete_role": { "name": "NOBODY!" } })],
            404,
            "role_not_found",
            "delete_role.name",
        ),
        (
            vec![json!({ "grant_role": { "user": root.id, "role": "nobody" } })],
            404,
            "role_not_found",
            "grant_role",
        ),
        (
            vec![json!({ "grant_role": { "user": UNKNOWN_ID, "role": "subscriber" } })],
            404,
            "user_not_found",
            "grant_role.user",
        ),
        (
            vec![json!({ "grant_role": { "user": root.id, "role": "anonymous" } })],
            409,
            "builtin_immutable",
            "grant_role.role",
        ),
        (vec![named("subscriber")], 409, "role_exists", "create_role"),
        (vec![named("gone")], 409, "role_name_reserved", "create_role"),
        (
            vec![json!({ "delete_role": { "name": "subscriber" } })],
            409,
            "role_in_use",
            "delete_role",
        ),
        (
            vec![json!({ "revoke_role": { "user": root.id, "role": "superuser" } })],
            409,
            "last_superuser",
            "revoke_role",
        ),
        (vec![named("Bad Name")], 422, "name_invalid", "create_role.name"),
        (
            vec![json!({ "create_rule": film(5, "nobody") })],
            422,
            "role_unknown",
            "create_rule.role",
        ),
        (
            vec![json!({ "create_rule": film(0, "subscriber") })],
            422,
            "priority_invalid",
            "create_rule.priority",
        ),
        (
            vec![json!({ "create_rule": rule(5, "anonymous", "*", "*", "allow") })],
            422,
            "escalation",
            "create_rule",
        ),
        (vec![inherit("subscriber", "subscriber")], 422, "inheritance_cycle", "update_role"),
        ([chain, links].concat(), 422, "inheritance_too_long", "update_role"),
    ] {
        let last = format!("changes[{}].{field}", changes.len().saturating_sub(1));
        for answer in refused(&root, &changes, status, code).await {
            assert!(field.is_empty() || answer.field() == last, "{changes:?}: {answer:?}");
        }
    }
    let rules = server.database.count("SELECT count(*) FROM rules").await;
    assert_eq!(rules, 5);
}

#[tokio::test]
async fn a_list_that_is_not_one_of_changes_is_refused() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for changes in [
        vec![json!({})],
        vec![json!({ "delete_rule": { "id": 3 }, "delete_role": { "name": "x" } })],
        vec![json!({ "delete_rule": [3] })],
        vec![],
        vec![json!({ "delete_rule": { "id": 3 } }); 101],
    ] {
        for answer in refused(&root, &changes, 422, "field_invalid").await {
            assert!(answer.field().starts_with("changes"), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_policy_that_would_be_too_large_is_refused() {
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
    let one_more = json!({ "create_rule": rule(500, "anonymous", "film:q*", "read", "deny") });
    refused(&root, &[one_more], 422, "policy_too_large").await;
}

#[tokio::test]
async fn only_admins_change_and_preview() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    let change = [json!({ "delete_rule": { "id": 3 } })];
    for path in ["policy/changes", "policy/preview"] {
        let body = json!({ "changes": change });
        server.guest().post(path, &body).await.expect(401, "token_missing");
        ada.post(path, &body).await.expect(403, "forbidden");
        let unreadable =
            root.request(Method::POST, path).header("content-type", "application/json");
        root.send(unreadable.body("{")).await.expect(400, "body_malformed");
    }
}
