//! Subjects that a service client names in the body of a check.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Caller, TestServer, User, current_password, until};

use super::film;
use crate::oauth::Client;
use crate::users::{grant, revoke};

/// A check about this subject, with any number of resources.
fn body(path: &str, subject: &Value) -> Value {
    let resource = film(&["new"]);
    match path {
        "check" => json!({ "action": "read", "resource": resource, "subject": subject }),
        _ => json!({ "action": "read", "resources": [resource], "subject": subject }),
    }
}

const OPERATIONS: [&str; 2] = ["check", "check/batch"];

async fn ask(client: &Client, path: &str, subject: &Value) -> Answer {
    let request = client.guest.request(Method::POST, path).json(&body(path, subject));
    client.guest.send(client.authenticated(request)).await
}

/// The only decision in the answer.
fn decision(path: &str, answer: &Answer) -> Value {
    let answer = answer.ok();
    if path == "check" { answer } else { answer["items"][0].clone() }
}

async fn evaluator(server: &TestServer, root: &User) -> Client {
    Client::with_scopes(server, root, "films", &["evaluate"]).await
}

#[tokio::test]
async fn a_client_asks_about_accounts_and_roles() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    grant(&root, &ada.id, "subscriber").await;
    let client = evaluator(&server, &root).await;
    for path in OPERATIONS {
        for (subject, allowed) in [
            (json!({ "user": "ADA" }), true),
            (json!({ "user": ada.id }), true),
            (json!({ "user": "root" }), true),
            (json!({ "roles": ["subscriber"] }), true),
            (json!({ "roles": [] }), false),
            (json!({ "roles": ["anonymous"] }), false),
            (Value::Null, false),
        ] {
            let decision = decision(path, &ask(&client, path, &subject).await);
            assert_eq!(decision["allowed"], allowed, "{path} {subject}");
        }
        // Rules are shown as to the subject.
        let seen = decision(path, &ask(&client, path, &json!({ "user": "root" })).await);
        assert_eq!(seen["reason"]["path"], json!(["superuser"]));
        let seen = decision(path, &ask(&client, path, &json!({ "user": "ada" })).await);
        assert_eq!(seen["reason"], json!({ "code": "allowed" }));
    }
    // Grants apply at once.
    revoke(&root, &ada.id, "subscriber").await;
    let decided = decision("check", &ask(&client, "check", &json!({ "user": "ada" })).await);
    assert_eq!(decided["reason"], json!({ "code": "label_denied", "label": "new" }));
}

#[tokio::test]
async fn nothing_is_allowed_to_disabled_accounts_and_stated_superusers() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let (disabled, deleted) = (server.register("ada").await, server.register("bob").await);
    root.post_empty(&format!("users/{}/disable", disabled.id)).await.expect(204, "");
    deleted.delete_with("me", &current_password()).await.expect(204, "");
    let client = evaluator(&server, &root).await;
    for path in OPERATIONS {
        for (subject, code) in [
            (json!({ "user": "ada" }), "subject_disabled"),
            (json!({ "user": deleted.id }), "subject_disabled"),
            (json!({ "roles": ["subscriber", "superuser"] }), "superuser_refused"),
        ] {
            let decision = decision(path, &ask(&client, path, &subject).await);
            assert_eq!(decision["allowed"], false, "{path} {subject}");
            assert_eq!(decision["reason"], json!({ "code": code }), "{path} {subject}");
        }
    }
}

#[tokio::test]
async fn an_unknown_subject_is_an_error_and_never_a_guest() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let client = evaluator(&server, &root).await;
    for path in OPERATIONS {
        for (subject, code, field) in [
            (json!({ "user": "nobody" }), "user_not_found", "subject.user"),
            (json!({ "user": "a\0b" }), "user_not_found", "subject.user"),
            (json!({ "roles": ["subscribr"] }), "role_unknown", "subject.roles[0]"),
            (json!({ "roles": ["subscriber"], "user": "root" }), "field_invalid", "subject"),
            (json!({}), "field_invalid", "subject"),
            (json!("root"), "field_invalid", "subject"),
        ] {
            let answer = ask(&client, path, &subject).await.expect(422, code);
            assert_eq!(answer.field(), field, "{path} {subject}");
        }
    }
}

#[tokio::test]
async fn only_clients_with_the_scope_name_a_subject_and_only_in_one_place() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    let client = evaluator(&server, &root).await;
    let other = Client::with_scopes(&server, &root, "other", &["filter", "explain"]).await;
    let subject = json!({ "roles": ["subscriber"] });
    for path in OPERATIONS {
        let callers: [&Caller; 3] = [&server.guest(), &ada.caller, &root.caller];
        for caller in callers {
            caller.post(path, &body(path, &subject)).await.expect(403, "subject_forbidden");
            caller.post(path, &body(path, &Value::Null)).await.expect(200, "");
        }
        ask(&other, path, &subject).await.expect(403, "insufficient_scope");
        let request = client.guest.request(Method::POST, path).json(&body(path, &subject));
        let request = client.authenticated(request).header("x-subject-token", ada.token());
        let answer = client.guest.send(request).await.expect(422, "field_invalid");
        assert_eq!(answer.field(), "subject");
    }
}

#[tokio::test]
async fn a_large_batch_may_name_its_subject_too() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let client = evaluator(&server, &root).await;
    let films = vec![film(&["new"]); 1_000];
    let body = json!({ "action": "read", "resources": films, "subject": { "user": "root" } });
    assert!(body.to_string().len() > 16 << 10);
    let request = client.guest.request(Method::POST, "check/batch").json(&body);
    let items = client.guest.send(client.authenticated(request)).await.ok()["items"].clone();
    let items = items.as_array().unwrap();
    assert_eq!(items.iter().filter(|item| item["allowed"] == true).count(), 1_000);
}

#[tokio::test]
async fn accounts_are_not_known_while_the_database_is_unavailable() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let client = evaluator(&server, &root).await;
    let subject = json!({ "user": "root" });
    ask(&client, "check", &subject).await.expect(200, "");
    server.database.refuse_connections().await;
    for path in OPERATIONS {
        until("unavailable", async || {
            ask(&client, path, &subject).await.problem() == (503, "database_unavailable".into())
        })
        .await;
    }
    server.database.accept_connections().await;
}
