//! Decisions that service clients ask for on behalf of users, by `X-Subject-Token`.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tests::{Answer, Caller, TestServer, UNKNOWN_ID, User, until};

use super::film;
use crate::oauth::Client;
use crate::samples::samples;
use crate::users::grant;

const OPERATIONS: [(&str, &str); 3] =
    [("check", "evaluate"), ("check/batch", "evaluate"), ("filter", "filter")];

fn body(path: &str) -> Value {
    match path {
        "check" => json!({ "action": "read", "resource": film(&["new"]) }),
        "check/batch" => json!({ "action": "read", "resources": [film(&["new"])] }),
        _ => json!({ "action": "read", "type": "film" }),
    }
}

fn request(caller: &Caller, path: &str) -> RequestBuilder {
    caller.request(reqwest::Method::POST, path).json(&body(path))
}

/// The answer to a client that asks for the bearer of this token.
async fn ask(client: &Client, path: &str, token: Option<&str>) -> Answer {
    let mut request = client.authenticated(request(&client.guest, path));
    if let Some(token) = token {
        request = request.header("x-subject-token", token);
    }
    client.guest.send(request).await
}

async fn all_scopes(server: &TestServer, root: &User) -> Client {
    Client::with_scopes(server, root, "films", &["filter", "evaluate"]).await
}

#[tokio::test]
async fn a_client_asks_for_users_and_guests() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    grant(&root, &user.id, "subscriber").await;
    let client = all_scopes(&server, &root).await;
    for (path, _) in OPERATIONS {
        for caller in [&server.guest(), &user.caller, &root.caller] {
            let own = caller.post(path, &body(path)).await.ok();
            let token = (caller.has_token()).then(|| caller.token());
            assert_eq!(ask(&client, path, token).await.ok(), own, "{path}");
        }
    }
    assert_eq!(ask(&client, "check", None).await.ok()["allowed"], false);
    assert_eq!(ask(&client, "check", Some(user.token())).await.ok()["allowed"], true);
}

#[tokio::test]
async fn an_invalid_subject_token_is_an_error_and_never_a_guest() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let client = all_scopes(&server, &root).await;
    let ended = server.log_in("ada").await;
    ended.log_out().await;
    for (path, _) in OPERATIONS {
        for (token, code) in [
            ("", "token_malformed"),
            ("x", "token_malformed"),
            (&format!("Bearer {}", user.token()), "token_malformed"),
            (&user.refresh_token, "token_wrong_type"),
            (ended.token(), "token_revoked"),
        ] {
            let answer = ask(&client, path, Some(token)).await.expect(401, code);
            assert!(answer.header("www-authenticate").contains("invalid_token"), "{answer}");
        }
        let twice = client.authenticated(request(&client.guest, path));
        let twice = twice.header("x-subject-token", user.token());
        let twice = twice.header("x-subject-token", user.token());
        client.guest.send(twice).await.expect(401, "token_malformed");
    }
}

#[tokio::test]
async fn a_client_needs_the_scope_of_the_operation() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    for scope in ["introspect", "filter", "evaluate"] {
        let client = Client::with_scopes(&server, &root, scope, &[scope]).await;
        for (path, needed) in OPERATIONS {
            for token in [None, Some(user.token()), Some("x")] {
                let answer = ask(&client, path, token).await;
                if scope != needed {
                    answer.expect(403, "insufficient_scope");
                } else if token == Some("x") {
                    answer.expect(401, "token_malformed");
                } else {
                    answer.ok();
                }
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_client_is_refused_for_every_subject() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let client = all_scopes(&server, &root).await;
    for (path, _) in OPERATIONS {
        for (id, secret) in [(&*client.id, "x"), (UNKNOWN_ID, &*client.secret), ("x", "y")] {
            let request = request(&server.guest(), path).basic_auth(id, Some(secret));
            let request = request.header("x-subject-token", user.token());
            let answer = server.guest().send(request).await.expect(401, "invalid_client");
            assert!(answer.header("www-authenticate").starts_with("Basic "), "{answer}");
        }
    }
}

#[tokio::test]
async fn only_a_client_may_name_a_subject_and_only_for_decisions() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for sample in samples(&server, &root).await {
        let operation = &sample.operation;
        if !operation.accepts_token() && !operation.is_for_clients() {
            continue;
        }
        for caller in [&root.caller, &server.guest()] {
            let request = sample.request(caller).header("x-subject-token", root.token());
            let answer = caller.send(request).await;
            let seen = (answer.status, answer.code());
            assert_eq!(seen, (400, "subject_token_unexpected".into()), "{}", sample.name());
        }
    }
}

#[tokio::test]
async fn a_disabled_client_is_refused_here_at_once_and_elsewhere_within_a_second() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let client = all_scopes(&server, &root).await;
    let replica = server.replica(&[]).await;
    let elsewhere = client.at(&replica.url);
    ask(&client, "check", None).await.ok();
    ask(&elsewhere, "check", None).await.ok();
    root.delete(&format!("clients/{}", client.id)).await.expect(204, "");
    ask(&client, "check", None).await.expect(401, "invalid_client");
    until("refused elsewhere", async || ask(&elsewhere, "check", None).await.status == 401).await;
}

#[tokio::test]
async fn clients_are_refused_and_guests_answered_while_the_database_is_unavailable() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let client = all_scopes(&server, &root).await;
    server.database.refuse_connections().await;
    until("unavailable", async || ask(&client, "check", None).await.status == 503).await;
    for (path, _) in OPERATIONS {
        until("refused", async || {
            let answer = ask(&client, path, None).await;
            answer.problem() == (503, "database_unavailable".into())
        })
        .await;
        server.guest().post(path, &body(path)).await.ok();
    }
    server.database.accept_connections().await;
}
