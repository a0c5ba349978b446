//! `/api/v1/policy…`

use policies::csv;
use serde_json::{Value, json};
use tests::{Answer, Caller, TestServer, UNKNOWN_ID, User, until};

use crate::oauth::Client;
use crate::offload::{flood, with_many_rules};
use crate::rules::create_rule;
use crate::users::grant;

const OPERATIONS: [&str; 5] = [
    "policy",
    "policy/role-sets",
    "policy/revisions",
    "policy/revisions/1",
    "policy/revisions/1/changes",
];

async fn read(client: &Client, path: &str) -> Answer {
    let request = client.guest.request(reqwest::Method::GET, path);
    client.guest.send(client.authenticated(request)).await
}

/// A service client that may read the policy.
async fn reader(server: &TestServer, root: &User) -> Client {
    Client::with_scopes(server, root, "previews", &["policy:read"]).await
}

#[tokio::test]
async fn the_text_of_a_policy_is_that_of_its_rules_and_roles() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    root.post("roles", &json!({ "name": "editor", "inherits": ["subscriber"] })).await.ok();
    create_rule(&root, 70, "editor", "film:a, \"b\"", "allow").await;
    let answer = read(&reader(&server, &root).await, "policy").await.expect(200, "");
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    let document = csv::read(&answer.text).unwrap();
    let listed = root.items("rules").await;
    assert_eq!(document.rules.len(), listed.len());
    for (row, rule) in document.rules.iter().zip(&listed) {
        let row = [row.role.as_str(), &row.resource.to_string(), row.effect.as_str()];
        assert_eq!(row, ["role", "resource", "effect"].map(|name| rule[name].as_str().unwrap()));
    }
    let editor = document.roles.iter().find(|role| role.name.as_str() == "editor").unwrap();
    assert_eq!(editor.inherits[0].as_str(), "subscriber");
    assert_eq!(root.get("policy").await.expect(200, "").text, answer.text);

    let tag = answer.header("etag").to_owned();
    create_rule(&root, 71, "editor", "film:c", "allow").await;
    let changed = root.get("policy").await.expect(200, "");
    assert_ne!(changed.header("etag"), tag);
    assert!(changed.text.contains("film:c"), "{changed}");
}

#[tokio::test]
async fn the_sets_of_roles_are_those_that_users_have() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    root.post("roles", &json!({ "name": "editor" })).await.ok();
    for (login, roles) in [
        ("ada", &["subscriber", "editor"][..]),
        ("bob", &["editor", "subscriber"]),
        ("cleo", &["subscriber"]),
        ("dan", &[]),
    ] {
        let user = server.register(login).await;
        for role in roles {
            grant(&root, &user.id, role).await;
        }
    }
    let client = reader(&server, &root).await;
    let all = read(&client, "policy/role-sets").await.ok();
    let set = |roles: &[&str], users: u64| json!({ "roles": roles, "users": users });
    let sets = [set(&["editor", "subscriber"], 2), set(&["subscriber"], 1), set(&["superuser"], 1)];
    assert_eq!(all, json!({ "items": sets, "next": null }));
    // Page by page.
    assert_eq!(root.items("policy/role-sets?limit=1").await, sets);
}

#[tokio::test]
async fn an_invalid_parameter_is_named() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for (query, field) in [("limit=0", "limit"), ("limit=x", "limit"), ("cursor=x", "cursor")] {
        for list in ["role-sets", "revisions"] {
            let answer = root.get(&format!("policy/{list}?{query}")).await;
            assert_eq!(answer.expect(422, "field_invalid").field(), field, "{list} {query}");
        }
    }
    let answer = root.get("policy/revisions/1/changes?to=x").await;
    assert_eq!(answer.expect(422, "field_invalid").field(), "to");
}

#[tokio::test]
async fn only_admins_and_clients_with_the_scope_are_answered() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let others = ["introspect", "filter", "evaluate", "users:deleted", "explain"];
    let other = Client::with_scopes(&server, &root, "other", &others).await;
    let client = reader(&server, &root).await;
    let unknown = Client { id: UNKNOWN_ID.to_owned(), ..client.at(&server.url) };
    for path in OPERATIONS {
        server.guest().get(path).await.expect(401, "token_missing");
        user.get(path).await.expect(403, "forbidden");
        read(&other, path).await.expect(403, "insufficient_scope");
        read(&unknown, path).await.expect(401, "invalid_client");
        let request = client.guest.request(reqwest::Method::GET, path);
        let request = client.authenticated(request).header("x-subject-token", root.token());
        client.guest.send(request).await.expect(400, "subject_token_unexpected");
    }
    // Rules decide for admins.
    root.post("roles", &json!({ "name": "auditor" })).await.ok();
    let rule = json!({ "priority": 50, "role": "auditor", "resource": "route:/api/v1/policy*",
        "action": "GET", "effect": "allow" });
    root.post("rules", &rule).await.ok();
    grant(&root, &user.id, "auditor").await;
    for path in OPERATIONS {
        user.get(path).await.expect(200, "");
    }
}

#[tokio::test]
async fn while_the_database_is_unavailable_no_client_is_answered() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let client = reader(&server, &root).await;
    server.database.refuse_connections().await;
    for path in OPERATIONS {
        until("unavailable", async || {
            read(&client, path).await.problem() == (503, "database_unavailable".into())
        })
        .await;
    }
    server.database.accept_connections().await;
}

#[tokio::test]
async fn long_policies_are_written_off_the_serving_threads() {
    let server = with_many_rules().await;
    let root: Caller = server.superuser().await.caller;
    flood(&server, async |_| root.get("policy").await).await;
    for path in ["policy/revisions/1", "policy/revisions/1/changes"] {
        let server = with_many_rules().await;
        let root: Caller = server.superuser().await.caller;
        flood(&server, async |_| root.get(path).await).await;
    }
}

#[tokio::test]
async fn a_text_can_be_imported_again() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let text = root.get("policy").await.expect(200, "").text;
    let document = csv::read(&text).unwrap();
    assert_eq!(csv::write(&document), text);
    assert!(document.rules.iter().any(|rule| rule.role.as_str() == "subscriber"), "{text}");
    assert_eq!(
        root.items("roles")
            .await
            .iter()
            .filter(|role| role["builtin"] == Value::Bool(false))
            .count(),
        document.roles.len()
    );
}
