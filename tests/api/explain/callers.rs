//! Who may ask for explanations.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, TestServer, UNKNOWN_ID, until};

use super::explain;
use crate::check::film;
use crate::oauth::Client;
use crate::roles::create_role;
use crate::users::grant;

async fn ask(client: &Client) -> Answer {
    let body = json!({ "subject": { "user": "root" }, "resource": film(&["new"]) });
    let request = client.guest.request(Method::POST, "explain").json(&body);
    client.guest.send(client.authenticated(request)).await
}

#[tokio::test]
async fn only_admins_and_clients_with_the_scope_are_answered() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let client = Client::with_scopes(&server, &root, "console", &["explain"]).await;
    let others = ["introspect", "filter", "evaluate", "users:deleted", "policy:read"];
    let other = Client::with_scopes(&server, &root, "other", &others).await;
    let unknown = Client { id: UNKNOWN_ID.to_owned(), ..client.at(&server.url) };
    let answer = ask(&client).await.ok();
    assert_eq!((&answer["allowed"], &answer["roles"]), (&json!(true), &json!(["superuser"])));
    ask(&other).await.expect(403, "insufficient_scope");
    ask(&unknown).await.expect(401, "invalid_client");
    explain(&server.guest(), Value::Null, film(&[])).await.expect(401, "token_missing");
    let refused = explain(&user, Value::Null, film(&[])).await.expect(403, "forbidden");
    let missing = json!({ "action": "POST", "resource": "route:/api/v1/explain" });
    assert_eq!(refused.json()["missing"], missing);

    // Rules decide for admins.
    create_role(&root, "helpdesk", &[]).await;
    let rule = json!({ "priority": 50, "role": "helpdesk", "resource": "route:/api/v1/explain",
        "action": "POST", "effect": "allow" });
    root.post("rules", &rule).await.expect(201, "");
    grant(&root, &user.id, "helpdesk").await;
    explain(&user, json!({ "user": "root" }), film(&[])).await.expect(200, "");
}

#[tokio::test]
async fn while_the_database_is_unavailable_admins_explain_what_needs_no_account() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let client = Client::with_scopes(&server, &root, "console", &["explain"]).await;
    server.database.refuse_connections().await;
    let user = json!({ "user": "root" });
    explain(&root, user, film(&[])).await.expect(503, "database_unavailable");
    for subject in [Value::Null, json!({ "roles": ["subscriber"] })] {
        explain(&root, subject, film(&["new"])).await.expect(200, "");
    }
    until("unavailable", async || {
        ask(&client).await.problem() == (503, "database_unavailable".into())
    })
    .await;
    server.database.accept_connections().await;
}
