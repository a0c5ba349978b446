//! `GET /api/v1/users/{id}`, `POST …/disable`, `POST …/enable`, `DELETE …/sessions`

use std::time::Duration;

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::{Answer, Caller, PASSWORD, TestServer, UNKNOWN_ID, until};

use super::grant;
use crate::roles::create_role;
use crate::rules::rule;

async fn post(caller: &Caller, id: &str, what: &str) -> Answer {
    caller.post_empty(&format!("users/{id}/{what}")).await
}

fn credentials(login: &str) -> Value {
    json!({ "login": login, "password": PASSWORD })
}

#[tokio::test]
async fn an_account_is_returned_by_id() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("Ada").await);
    grant(&root, &ada.id, "subscriber").await;
    assert_snapshot!(root.get(&format!("users/{}", ada.id)).await, @r#"
    200
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
    "#);
}

#[tokio::test]
async fn disabling_an_account_ends_its_sessions_and_its_login_answers_like_a_wrong_password() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    let guest = server.guest();
    ada.get("me").await.expect(200, "");
    post(&root, &ada.id, "disable").await.expect(204, "");
    ada.get("me").await.expect(401, "token_revoked");
    guest.refresh(&ada.refresh_token).await.expect(401, "refresh_token_invalid");
    let disabled =
        guest.post("auth/login", &credentials("ada")).await.expect(401, "credentials_invalid");
    let wrong = json!({ "login": "root", "password": "wrong" });
    assert_eq!(disabled.text, guest.post("auth/login", &wrong).await.text);
    assert_eq!(root.get(&format!("users/{}", ada.id)).await.ok()["disabled"], true);
    let attempts = root.get(&format!("users/{}/history?limit=1", ada.id)).await.ok();
    assert_eq!(attempts["items"][0]["outcome"], "credentials_invalid");
    // Disabling it again changes nothing.
    post(&root, &ada.id, "disable").await.expect(204, "");
}

#[tokio::test]
async fn enabling_an_account_does_not_restore_its_sessions() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    post(&root, &ada.id, "disable").await.expect(204, "");
    for _ in 0..2 {
        post(&root, &ada.id, "enable").await.expect(204, "");
    }
    ada.get("me").await.expect(401, "token_revoked");
    server.guest().refresh(&ada.refresh_token).await.expect(401, "refresh_token_invalid");
    server.log_in("ada").await.get("me").await.expect(200, "");
}

#[tokio::test]
async fn revoking_a_users_sessions_does_not_prevent_new_ones() {
    let server = TestServer::start().await;
    let (root, first) = (server.superuser().await, server.register("ada").await);
    let second = server.log_in("ada").await;
    root.delete(&format!("users/{}/sessions", first.id)).await.expect(204, "");
    for ended in [&first, &second] {
        ended.get("me").await.expect(401, "token_revoked");
        server.guest().refresh(&ended.refresh_token).await.expect(401, "refresh_token_invalid");
    }
    root.get("me").await.expect(200, "");
    server.log_in("ada").await.get("me").await.expect(200, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn disabling_an_account_reaches_every_server_within_a_second() {
    let one = TestServer::start().await;
    let two = one.replica(&[]).await;
    let root = one.superuser().await;
    for (round, what) in ["disable", "sessions", "disable"].into_iter().enumerate() {
        let user = one.register(&format!("user{round}")).await;
        let there = user.at(&two.url);
        there.get("me").await.expect(200, "");
        match what {
            "disable" => post(&root, &user.id, "disable").await,
            _ => root.delete(&format!("users/{}/sessions", user.id)).await,
        }
        .expect(204, "");
        let took = until("out", async || there.get("me").await.status == 401).await;
        assert!(took < Duration::from_secs(1), "{took:?}");
        there.get("me").await.expect(401, "token_revoked");
    }
}

#[tokio::test]
async fn an_unknown_user_cannot_be_disabled() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    root.get(&format!("users/{UNKNOWN_ID}")).await.expect(404, "user_not_found");
    for what in ["disable", "enable"] {
        post(&root, UNKNOWN_ID, what).await.expect(404, "user_not_found");
    }
    root.delete(&format!("users/{UNKNOWN_ID}/sessions")).await.expect(404, "user_not_found");
}

#[tokio::test]
async fn the_last_superuser_cannot_be_disabled() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    post(&root, &root.id, "disable").await.expect(409, "last_superuser");
    root.get("me").await.expect(200, "");
    grant(&root, &ada.id, "superuser").await;
    post(&ada, &root.id, "disable").await.expect(204, "");
    root.get("me").await.expect(401, "token_revoked");
    post(&ada, &ada.id, "disable").await.expect(409, "last_superuser");
    ada.get("rules").await.expect(200, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_superusers_who_disable_each_other_concurrently_one_remains() {
    let server = TestServer::start().await;
    let mut root = server.superuser().await;
    let mut other = server.register("other").await;
    grant(&root, &other.id, "superuser").await;
    for _ in 0..5 {
        let (one, two) =
            tokio::join!(post(&root, &other.id, "disable"), post(&other, &root.id, "disable"));
        let count = "SELECT count(*) FROM users WHERE disabled_at IS NULL";
        assert_eq!(server.database.count(count).await, 1, "{one} {two}");
        let (winner, loser) = if one.status == 204 { (&root, &other) } else { (&other, &root) };
        post(winner, &loser.id, "enable").await.expect(204, "");
        let (login, back) = (loser.login.clone(), one.status == 204);
        let fresh = server.log_in(&login).await;
        if back { other = fresh } else { root = fresh }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_concurrent_with_disabling_leaves_no_active_session() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    let guest = server.guest();
    for _ in 0..5 {
        let login = async {
            let answer = guest.post("auth/login", &credentials("ada")).await;
            (answer.status == 200)
                .then(|| answer.json()["access_token"].as_str().unwrap().to_owned())
        };
        let (token, disabled) = tokio::join!(login, post(&root, &ada.id, "disable"));
        disabled.expect(204, "");
        if let Some(token) = token {
            server.as_user(&token).get("me").await.expect(401, "token_revoked");
        }
        let active = "SELECT count(*) FROM sessions s JOIN users u ON u.id = user_id
            WHERE ended_at IS NULL AND login = 'ada'";
        assert_eq!(server.database.count(active).await, 0);
        post(&root, &ada.id, "enable").await.expect(204, "");
    }
}

#[tokio::test]
async fn a_user_manager_cannot_act_on_users_with_more_rights() {
    let server = TestServer::start().await;
    let (root, manager) = (server.superuser().await, server.register("manager").await);
    let (other, ada) = (server.register("other").await, server.register("ada").await);
    create_role(&root, "manager", &[]).await;
    let right = rule(50, "manager", "route:/api/v1/users*", "*", "allow");
    root.post("rules", &right).await.expect(201, "");
    for user in [&manager, &other] {
        grant(&root, &user.id, "manager").await;
    }
    grant(&root, &ada.id, "subscriber").await;
    for (user, allowed) in [(&root.id, false), (&other.id, false), (&ada.id, true)] {
        for answer in [
            manager.delete(&format!("users/{user}/sessions")).await,
            post(&manager, user, "disable").await,
            post(&manager, user, "enable").await,
        ] {
            if allowed {
                answer.expect(204, "")
            } else {
                answer.expect(422, "escalation")
            };
        }
        manager.get(&format!("users/{user}")).await.expect(200, "");
    }
    for user in [&root, &other] {
        user.get("me").await.expect(200, "");
    }
}
