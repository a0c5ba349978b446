//! Who may ask: service clients with the scope `evaluate`, and superusers.

use reqwest::Method;
use serde_json::json;
use tests::{TestServer, until};

use super::{EVALUATION, Scenario, named, operations, post, record, with_role};
use crate::oauth::Client;
use crate::roles::create_role;
use crate::rules::rule;
use crate::users::grant;

#[tokio::test]
async fn clients_and_superusers_get_the_same_answers() {
    let scenario = Scenario::start().await;
    for (path, body) in operations() {
        let answer = scenario.post(path, &body).await.ok();
        assert_eq!(scenario.root.post(path, &body).await.ok(), answer, "{path}");
    }
    let body = json!({
        "subject": with_role("carol", "admin"), "action": named("write"),
        "resource": record("record-2"),
    });
    assert_eq!(scenario.root.post(EVALUATION, &body).await.ok()["decision"], true);
}

#[tokio::test]
async fn others_are_refused() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    let other = Client::with_scopes(&server, &root, "films", &["filter", "introspect"]).await;
    let unknown = Client { secret: "x".to_owned(), ..other.at(&server.url) };
    for (path, body) in operations() {
        let answer = server.guest().post(path, &body).await.expect(401, "token_missing");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        let answer = ada.post(path, &body).await.expect(403, "forbidden");
        assert_eq!(answer.json()["missing"]["resource"], format!("route:{path}"));
        post(&other, path, &body).await.expect(403, "insufficient_scope");
        let answer = post(&unknown, path, &body).await.expect(401, "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic "));
    }
}

#[tokio::test]
async fn a_rule_of_a_superuser_lets_another_role_ask() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    create_role(&root, "auditor", &[]).await;
    let allow = rule(50, "auditor", "route:/access/v1/evaluation", "POST", "allow");
    root.post("rules", &allow).await.expect(201, "");
    grant(&root, &ada.id, "auditor").await;
    for (path, body) in operations() {
        let status = if path == EVALUATION { 200 } else { 403 };
        assert_eq!(ada.post(path, &body).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_subject_is_named_in_the_body_and_never_by_its_token() {
    let scenario = Scenario::start().await;
    let ada = scenario.server.register("ada").await;
    for (path, body) in operations() {
        let guest = &scenario.client.guest;
        for request in [
            scenario.client.authenticated(guest.request(Method::POST, path)),
            scenario.root.request(Method::POST, path),
        ] {
            let request = request.header("x-subject-token", ada.token()).json(&body);
            guest.send(request).await.expect(400, "subject_token_unexpected");
        }
    }
}

#[tokio::test]
async fn nothing_is_answered_while_the_database_is_unavailable() {
    let scenario = Scenario::start().await;
    scenario.server.database.refuse_connections().await;
    for (path, body) in operations() {
        until("unavailable", async || {
            scenario.post(path, &body).await.problem() == (503, "database_unavailable".into())
        })
        .await;
    }
    scenario.server.database.accept_connections().await;
}
