//! `GET /api/v1/users`

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::{PASSWORD, TestServer};

use super::grant;

fn logins(users: &[Value]) -> Vec<String> {
    users.iter().map(|item| item["login"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn users_are_found_by_login_prefix_case_insensitively() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for login in ["Grace", "grant", "gra%nd", "gra_nd", "Ada"] {
        server.register(login).await;
    }
    let ada = server.log_in("ada").await;
    grant(&root, &ada.id, "subscriber").await;
    assert_snapshot!(root.get("users?login=ADA").await, @r#"
    200
    {
      "items": [
        {
          "created_at": "[time]",
          "disabled": false,
          "email": null,
          "email_verified": false,
          "first_name": null,
          "id": "[id]",
          "last_login_at": "[time]",
          "last_name": null,
          "login": "Ada",
          "pending_email": null,
          "roles": [
            "subscriber"
          ]
        }
      ],
      "next": null
    }
    "#);
    for (prefix, found) in [
        ("GRA", vec!["gra%nd", "gra_nd", "Grace", "grant"]),
        ("gra%25", vec!["gra%nd"]),
        ("gra_", vec!["gra_nd"]),
        ("", vec!["Ada", "gra%nd", "gra_nd", "Grace", "grant", "root"]),
        ("nobody", vec![]),
        ("%F0%9F%92%A9", vec![]),
    ] {
        assert_eq!(logins(&root.items(&format!("users?login={prefix}")).await), found);
    }
}

#[tokio::test]
async fn users_are_paged_without_gaps_or_repeats() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for login in ["abe", "Bea", "cleo", "Dan", "\u{e9}ve"] {
        server.register(login).await;
    }
    let users = root.items("users?limit=2").await;
    assert_eq!(logins(&users), ["abe", "Bea", "cleo", "Dan", "root", "\u{e9}ve"]);
}

#[tokio::test]
async fn users_are_found_by_email_name_and_role() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for (login, email, first, last) in [
        ("ada", "Ada@Example.org", "Ada", "Lovelace"),
        ("grace", "grace@example.org", "Grace", "O%Hopper"),
        ("emil", "emil@example.com", "\u{c9}mile", "Ada_Zola"),
    ] {
        let user = json!({
            "login": login, "email": email, "first_name": first, "last_name": last, "password": PASSWORD,
        });
        server.guest().post("auth/register", &user).await.expect(201, "");
    }
    let ada = server.log_in("ada").await;
    grant(&root, &ada.id, "subscriber").await;
    for (query, found) in [
        ("email=ADA@", vec!["ada"]),
        ("email=grace@EXAMPLE.org", vec!["grace"]),
        ("email=nobody@", vec![]),
        ("email=%25", vec![]),
        ("email=", vec!["ada", "emil", "grace", "root"]),
        ("name=ada", vec!["ada", "emil"]),
        ("name=LOVE", vec!["ada"]),
        ("name=lace", vec![]),
        ("name=o%25", vec!["grace"]),
        ("name=ada_", vec!["emil"]),
        ("name=%5C", vec![]),
        ("role=subscriber", vec!["ada"]),
        ("role=superuser", vec!["root"]),
        ("role=nobody", vec![]),
        ("role=subscriber&email=ada@", vec!["ada"]),
        ("role=subscriber&name=grace", vec![]),
        ("login=a&name=ada", vec!["ada"]),
    ] {
        assert_eq!(logins(&root.items(&format!("users?{query}")).await), found, "{query}");
    }
    let invalid = root.get("users?role=No").await;
    assert_eq!(invalid.expect(422, "name_invalid").field(), "role");
    for field in ["email", "name"] {
        root.get(&format!("users?{field}=%00")).await.expect(422, "field_invalid");
    }
}
