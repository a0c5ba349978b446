//! `GET /api/v1/users`

use insta::assert_snapshot;
use serde_json::Value;
use tests::TestServer;

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
