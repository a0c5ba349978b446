//! `/api/v1/clients`

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::TestServer;

#[tokio::test]
async fn a_client_secret_is_shown_once_and_not_stored() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let made = root.post("clients", &json!({ "name": "films api" })).await.expect(201, "");
    assert_eq!(made.header("cache-control"), "no-store");
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("cs_") && secret.len() == 46);
    let taken = root.post("clients", &json!({ "name": "films api" })).await;
    assert_eq!(taken.expect(409, "client_name_taken").field(), "name");
    let listed = root.get("clients").await.expect(200, "");
    assert!(!listed.text.contains("secret"));
    assert_snapshot!(listed, @r#"
    200
    {
      "items": [
        {
          "created_at": "[time]",
          "disabled_at": null,
          "id": "[id]",
          "name": "films api",
          "scopes": [
            "introspect"
          ]
        }
      ],
      "next": null
    }
    "#);
    let stored = format!(
        "SELECT count(*) FROM clients WHERE secret_hash = sha256('{secret}'::bytea)
         AND strpos(clients::text, '{secret}') = 0"
    );
    assert_eq!(server.database.count(&stored).await, 1);
}

#[tokio::test]
async fn clients_are_paged_by_name_and_disabled_permanently() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for name in ["b", "a", "C"] {
        root.post("clients", &json!({ "name": name })).await.expect(201, "");
    }
    let clients = root.items("clients?limit=2").await;
    let names: Vec<&Value> = clients.iter().map(|client| &client["name"]).collect();
    assert_eq!(names, ["C", "a", "b"]);
    let first = root.get("clients").await.ok()["items"][0].clone();
    assert!(first["disabled_at"].is_null());
    let path = format!("clients/{}", first["id"].as_str().unwrap());
    root.delete(&path).await.expect(204, "");
    let once = root.get("clients").await.ok()["items"][0]["disabled_at"].clone();
    root.delete(&path).await.expect(204, "");
    assert_eq!(root.get("clients").await.ok()["items"][0]["disabled_at"], once);
    assert!(once.is_string());
    // Each write is audited once, without a secret.
    let trail = "SELECT count(*) FROM audit WHERE target LIKE 'client:%' AND after IS NOT NULL
                 AND strpos(audit::text, 'cs_') = 0 AND strpos(audit::text, 'secret') = 0";
    assert_eq!(server.database.count(trail).await, 4);
}

#[tokio::test]
async fn an_invalid_name_or_unknown_client_is_refused() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for name in ["", " a", "a ", "a\nb", "é", "a:b", &"a".repeat(65)] {
        let answer = root.post("clients", &json!({ "name": name })).await;
        assert_eq!(answer.expect(422, "field_invalid").field(), "name", "{name:?}");
    }
    root.get("clients?limit=0").await.expect(422, "field_invalid");
    root.delete("clients/x").await.expect(404, "not_found");
    let nobody = "clients/00000000-0000-4000-8000-000000000000";
    root.delete(nobody).await.expect(404, "client_not_found");
}

#[tokio::test]
async fn creating_a_client_needs_a_rule() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    user.post("clients", &json!({ "name": "mine" })).await.expect(403, "forbidden");
    user.get("clients").await.expect(403, "forbidden");
    root.post("roles", &json!({ "name": "clerk" })).await.expect(201, "");
    let rule = json!({
        "priority": 50, "role": "clerk", "resource": "route:/api/v1/clients", "action": "POST",
        "effect": "allow",
    });
    root.post("rules", &rule).await.expect(201, "");
    crate::users::grant(&root, &user.id, "clerk").await;
    let made = user.post("clients", &json!({ "name": "mine" })).await.expect(201, "").json();
    user.get("clients").await.expect(403, "forbidden");
    let path = format!("clients/{}", made["id"].as_str().unwrap());
    user.delete(&path).await.expect(403, "forbidden");
}

#[tokio::test]
async fn a_client_has_the_scopes_that_it_was_created_with() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let create = async |scopes: Value| {
        root.post("clients", &json!({ "name": "films", "scopes": scopes })).await
    };
    for invalid in [json!([]), json!(["admin"]), json!("filter"), json!([null])] {
        let answer = create(invalid).await.expect(422, "field_invalid");
        assert!(answer.field().starts_with("scopes"), "{answer}");
    }
    let made = create(json!(["evaluate", "filter", "evaluate"])).await.expect(201, "").json();
    assert_eq!(made["scopes"], json!(["filter", "evaluate"]));
    assert_eq!(root.items("clients").await[0]["scopes"], made["scopes"]);
    let audit = "SELECT count(*) FROM audit WHERE after -> 'scopes' = '[\"filter\", \"evaluate\"]'";
    assert_eq!(server.database.count(audit).await, 1);
}

#[tokio::test]
async fn clients_of_older_servers_may_introspect() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let insert = "INSERT INTO clients (id, name, secret_hash, created_at)
                  VALUES (gen_random_uuid(), 'old', sha256('x'), now())";
    server.database.execute(insert).await;
    assert_eq!(root.items("clients").await[0]["scopes"], json!(["introspect"]));
}
