//! `GET /api/v1/users/deleted`

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::Value;
use sqlx::Executor;
use tests::{Answer, PASSWORD, TestServer, UNKNOWN_ID, User, until};

use crate::oauth::Client;

const SCOPE: &str = "users:deleted";

async fn list(client: &Client, query: &str) -> Answer {
    let request = client.guest.request(Method::GET, &format!("users/deleted{query}"));
    client.guest.send(client.authenticated(request)).await
}

/// The ids that a program learns of which has read up to `position`, and its new position.
async fn follow(client: &Client, position: &mut Option<String>) -> Vec<String> {
    let after = position.as_ref().map(|position| format!("?after={position}"));
    let page = list(client, &after.unwrap_or_default()).await.ok();
    let items = page["items"].as_array().unwrap();
    if let Some(last) = items.last() {
        *position = Some(last["deleted_at"].as_str().unwrap().to_owned());
    }
    items.iter().map(|item| item["user_id"].as_str().unwrap().to_owned()).collect()
}

async fn delete(user: &User) {
    let body = serde_json::json!({ "current_password": PASSWORD });
    user.delete_with("me", &body).await.expect(204, "");
}

/// Deletes an account in the transaction of this connection.
async fn delete_on(connection: &mut sqlx::PgConnection, login: &str) {
    let delete = format!("DELETE FROM users WHERE login = '{login}'");
    connection.execute(sqlx::AssertSqlSafe(delete)).await.unwrap();
}

async fn site() -> (TestServer, Client) {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let client = Client::with_scopes(&server, &root, "films", &[SCOPE]).await;
    (server, client)
}

#[tokio::test]
async fn deleted_accounts_are_listed_page_by_page_in_the_order_of_deletion() {
    let (server, client) = site().await;
    let empty = list(&client, "").await.ok();
    assert_eq!((&empty["items"], &empty["next"]), (&Value::Array(vec![]), &Value::Null));
    let mut users = Vec::new();
    for login in ["cleo", "ada", "bob"] {
        users.push(server.register(login).await);
    }
    for user in &users {
        delete(user).await;
    }
    let ids: Vec<&str> = users.iter().map(|user| &*user.id).collect();
    let first = list(&client, "?limit=2").await.expect(200, "");
    assert_snapshot!(first, @r#"
    200
    {
      "items": [
        {
          "deleted_at": "[time]",
          "user_id": "[id]"
        },
        {
          "deleted_at": "[time]",
          "user_id": "[id]"
        }
      ],
      "next": "[time]"
    }
    "#);
    let first = first.json();
    assert_eq!([&first["items"][0]["user_id"], &first["items"][1]["user_id"]], ids[..2]);
    assert_eq!(first["next"], first["items"][1]["deleted_at"]);
    let mut position = first["next"].as_str().map(str::to_owned);
    assert_eq!(follow(&client, &mut position).await, ids[2..]);
    assert_eq!(follow(&client, &mut position).await, Vec::<String>::new());
    assert_eq!(follow(&client, &mut None).await, ids);
}

#[tokio::test]
async fn a_deletion_that_commits_late_is_not_missed() {
    let (server, client) = site().await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let (mut early, mut late) = (server.database.connect().await, server.database.connect().await);
    early.execute("BEGIN").await.unwrap();
    delete_on(&mut early, "ada").await;
    let waiting = tokio::spawn(async move { delete_on(&mut late, "bob").await });
    server.database.wait_for_lock().await;
    let mut position = None;
    assert_eq!(follow(&client, &mut position).await, Vec::<String>::new());
    early.execute("COMMIT").await.unwrap();
    waiting.await.unwrap();
    assert_eq!(follow(&client, &mut position).await, [ada.id, bob.id]);
}

#[tokio::test]
async fn a_deletion_that_is_rolled_back_is_not_listed() {
    let (server, client) = site().await;
    server.register("ada").await;
    let mut connection = server.database.connect().await;
    connection.execute("BEGIN").await.unwrap();
    delete_on(&mut connection, "ada").await;
    connection.execute("ROLLBACK").await.unwrap();
    assert_eq!(follow(&client, &mut None).await, Vec::<String>::new());
}

#[tokio::test]
async fn every_account_of_a_statement_has_a_position_even_if_the_clock_is_set_back() {
    let (server, client) = site().await;
    let ahead = "UPDATE last_account_deletion SET deleted_at = now() + interval '1 day'";
    server.database.execute(ahead).await;
    let zoe = server.register("zoe").await;
    delete(&zoe).await;
    let mut position = None;
    assert_eq!(follow(&client, &mut position).await, [zoe.id]);
    for login in ["ada", "bob", "cleo"] {
        server.register(login).await;
    }
    server.database.execute("DELETE FROM users WHERE login <> 'root'").await;
    let one = format!("?limit=1&after={}", position.clone().unwrap());
    let first = list(&client, &one).await.ok();
    assert_eq!(first["items"].as_array().unwrap().len(), 1);
    assert!(first["next"].is_string());
    assert_eq!(follow(&client, &mut position).await.len(), 3);
}

#[tokio::test]
async fn only_a_client_with_the_scope_is_answered() {
    let (server, client) = site().await;
    let root = server.log_in("root").await;
    let others = ["introspect", "filter", "evaluate"];
    let other = Client::with_scopes(&server, &root, "other", &others).await;
    list(&other, "").await.expect(403, "insufficient_scope");
    let unknown = Client { id: UNKNOWN_ID.to_owned(), ..client.at(&server.url) };
    list(&unknown, "").await.expect(401, "invalid_client");
    root.get("users/deleted").await.expect(401, "invalid_client");
    server.guest().get("users/deleted").await.expect(401, "invalid_client");
    let request = client.guest.request(Method::GET, "users/deleted");
    let request = client.authenticated(request).header("x-subject-token", root.token());
    client.guest.send(request).await.expect(400, "subject_token_unexpected");
}

#[tokio::test]
async fn an_invalid_parameter_is_named() {
    let (_server, client) = site().await;
    for (query, field) in [
        ("?after=yesterday", "after"),
        ("?after=", "after"),
        ("?after=2026-01-01T00:00:00", "after"),
        ("?limit=0", "limit"),
        ("?limit=1001", "limit"),
    ] {
        let answer = list(&client, query).await.expect(422, "field_invalid");
        assert_eq!(answer.field(), field, "{query}");
    }
    list(&client, "?after=9999-12-31T23:59:59Z").await.ok();
    list(&client, "?after=0001-01-01T00:00:00Z").await.ok();
}

#[tokio::test]
async fn while_the_database_is_unavailable_nothing_is_listed() {
    let (server, client) = site().await;
    server.database.refuse_connections().await;
    until("unavailable", async || {
        list(&client, "").await.problem() == (503, "database_unavailable".into())
    })
    .await;
    server.database.accept_connections().await;
}
