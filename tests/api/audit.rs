//! `GET /api/v1/audit`

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Caller, TestServer, current_password};

use crate::roles::create_role;
use crate::rules::rule;
use crate::users::{grant, put_role, revoke};

async fn entries(root: &Caller) -> Vec<Value> {
    root.get("audit").await.ok()["items"].as_array().unwrap().clone()
}

/// Operation and revision of every write of `root`, oldest first.
async fn operations(root: &Caller) -> Vec<String> {
    let mut entries = entries(root).await;
    entries.retain(|line| line["via"] == "api");
    entries.reverse();
    entries.iter().map(|line| format!("{} {}", line["operation"], line["revision"])).collect()
}

#[tokio::test]
async fn a_command_is_audited_without_a_user() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let shown = root.get("audit").await.to_string().replace(&root.id, "[id]");
    assert_snapshot!(shown, @r#"
    200
    {
      "items": [
        {
          "after": {
            "roles": [
              "superuser"
            ]
          },
          "at": "[time]",
          "before": {
            "roles": []
          },
          "by": null,
          "by_login": null,
          "id": 1,
          "operation": "grant_role",
          "revision": 2,
          "target": "user:[id]",
          "via": "cli"
        }
      ],
      "next": null
    }
    "#);
}

#[tokio::test]
async fn every_admin_write_is_audited_with_its_author_before_and_after() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    create_role(&root, "critic", &[]).await;
    let words = json!({ "description": "Writes reviews." });
    root.patch("roles/critic", &words).await.expect(200, "");
    let made = root.post("rules", &rule(70, "critic", "film:*", "review", "allow")).await.ok();
    let path = format!("rules/{}", made["id"]);
    root.put(&path, &rule(71, "critic", "film:*", "review", "allow")).await.expect(200, "");
    root.delete(&path).await.expect(200, "");
    grant(&root, &ada.id, "critic").await;
    grant(&root, &ada.id, "subscriber").await;
    revoke(&root, &ada.id, "subscriber").await;
    root.delete("roles/critic").await.expect(200, "");
    let user_path = format!("users/{}", ada.id);
    for what in ["disable", "disable", "enable", "enable"] {
        let request = root.request(Method::POST, &format!("{user_path}/{what}"));
        root.send(request).await.expect(204, "");
    }
    root.delete(&format!("{user_path}/sessions")).await.expect(204, "");
    let ada = server.log_in("ada").await;
    root.delete(&format!("{user_path}/second-factor")).await.expect(204, "");
    server.enroll(&ada).await;
    root.delete(&format!("{user_path}/second-factor")).await.expect(204, "");
    assert_eq!(
        operations(&root).await,
        [
            "\"create_role\" 3",
            "\"update_role\" 4",
            "\"create_rule\" 5",
            "\"update_rule\" 6",
            "\"delete_rule\" 7",
            "\"grant_role\" 8",
            "\"grant_role\" 9",
            "\"revoke_role\" 10",
            "\"delete_role\" 11",
            "\"disable_user\" 11",
            "\"enable_user\" 11",
            "\"revoke_user_sessions\" 11",
            "\"confirm_second_factor\" 11",
            "\"reset_user_second_factor\" 11",
        ]
    );
    let mut entries = entries(&root).await;
    entries.reverse();
    // What ada did herself.
    entries.retain(|line| line["operation"] != "confirm_second_factor");
    let of = |operation: &str| entries.iter().rfind(|line| line["operation"] == operation).unwrap();
    for line in &entries[1..] {
        assert!(line["by"] == root.id.as_str() && line["by_login"] == "root", "{line}");
    }
    let role = |description, revision| {
        json!({
            "name": "critic", "description": description, "inherits": [], "builtin": false,
            "revision": revision,
        })
    };
    let line = of("create_role");
    assert_eq!((&line["before"], &line["after"]), (&Value::Null, &role("", 3)));
    let line = of("update_role");
    assert_eq!(line["before"], role("", 3));
    assert_eq!(line["after"], role("Writes reviews.", 4));
    assert_eq!(line["target"], "role:critic");
    let line = of("update_rule");
    assert_eq!((&line["before"]["priority"], &line["after"]["priority"]), (&json!(70), &json!(71)));
    assert_eq!(line["target"], format!("rule:{}", made["id"]));
    let line = of("revoke_role");
    assert_eq!(line["before"], json!({ "roles": ["critic", "subscriber"] }));
    assert_eq!(line["after"], json!({ "roles": ["critic"] }));
    let line = of("delete_role");
    assert_eq!((&line["before"]["holders"], &line["after"]), (&json!([ada.id]), &Value::Null));
    let line = of("disable_user");
    assert_eq!(line["target"], format!("user:{}", ada.id));
    assert_eq!(line["before"], json!({ "disabled": false }));
    assert_eq!(line["after"], json!({ "disabled": true }));
    assert_eq!(of("reset_user_second_factor")["target"], format!("user:{}", ada.id));
}

#[tokio::test]
async fn deleting_ones_account_is_audited_with_the_roles_it_had() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    grant(&root, &ada.id, "subscriber").await;
    let wrong = ada.request(Method::DELETE, "me").json(&json!({ "current_password": "wrong" }));
    ada.send(wrong).await.expect(403, "current_password_wrong");
    let right = ada.request(Method::DELETE, "me").json(&current_password());
    ada.send(right).await.expect(204, "");
    let entries = entries(&root).await;
    assert_eq!(entries.len(), 3, "{entries:?}");
    let line = &entries[0];
    assert_eq!((&line["operation"], &line["via"]), (&json!("delete_me"), &json!("api")));
    assert_eq!((&line["by"], &line["by_login"]), (&json!(ada.id), &Value::Null));
    assert_eq!(line["target"], format!("user:{}", ada.id));
    assert_eq!(line["before"], json!({ "roles": ["subscriber"] }));
    assert_eq!(line["after"], Value::Null);
}

#[tokio::test]
async fn refused_writes_and_writes_without_effect_are_not_audited() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    root.delete(&format!("users/{}/roles/superuser", root.id)).await.expect(409, "last_superuser");
    let disable = root.request(Method::POST, &format!("users/{}/disable", root.id));
    root.send(disable).await.expect(409, "last_superuser");
    revoke(&root, &ada.id, "subscriber").await;
    root.delete("roles/subscriber").await.expect(409, "role_in_use");
    let body = rule(0, "subscriber", "film:*", "read", "deny");
    root.post("rules", &body).await.expect(422, "priority_invalid");
    put_role(&ada, &ada.id, "superuser").await.expect(403, "forbidden");
    assert_eq!(entries(&root).await.len(), 1);
}

#[tokio::test]
async fn the_audit_trail_is_paged_newest_first_without_gaps_or_repeats() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for number in 0..7 {
        create_role(&root, &format!("role{number}"), &[]).await;
    }
    let entries = root.items("audit?limit=3").await;
    let ids: Vec<i64> = entries.iter().map(|entry| entry["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [8, 7, 6, 5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn reading_the_audit_trail_needs_a_rule() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    ada.get("audit").await.expect(403, "forbidden");
    create_role(&root, "auditor", &[]).await;
    let right = rule(50, "auditor", "route:/api/v1/audit", "GET", "allow");
    root.post("rules", &right).await.expect(201, "");
    grant(&root, &ada.id, "auditor").await;
    ada.get("audit").await.expect(200, "");
    server.database.execute("DELETE FROM users WHERE login = 'root'").await;
    let line = ada.get("audit?limit=1").await.ok()["items"][0].clone();
    assert_eq!((&line["by"], &line["by_login"]), (&json!(root.id), &Value::Null));
}
