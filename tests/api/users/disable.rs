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

fn form(login: &str) -> Value {
    json!({ "login": login, "password": PASSWORD })
}

#[tokio::test]
async fn an_account_is_read_by_its_id() {
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
      "roles": [
        "subscriber"
      ]
    }
    "#);
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_and_its_login_answers_as_a_wrong_password_does() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    let guest = server.guest();
    ada.get("me").await.expect(200, "");
    post(&root, &ada.id, "disable").await.expect(204, "");
    ada.get("me").await.expect(401, "token_revoked");
    guest.refresh(&ada.refresh_token).await.expect(401, "refresh_token_invalid");
    let disabled = guest.post("auth/login", &form("ada")).await.expect(401, "credentials_invalid");
    let wrong = json!({ "login": "root", "password": "wrong" });
    assert_eq!(disabled.text, guest.post("auth/login", &wrong).await.text);
    assert_eq!(root.get(&format!("users/{}", ada.id)).await.ok()["disabled"], true);
    let tries = root.get(&format!("users/{}/history?limit=1", ada.id)).await.ok();
    assert_eq!(tries["items"][0]["outcome"], "credentials_invalid");
    // Once more changes nothing.
    post(&root, &ada.id, "disable").await.expect(204, "");
}

#[tokio::test]
async fn an_account_that_is_enabled_again_signs_in_but_its_old_sessions_stay_ended() {
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
async fn all_sessions_of_somebody_end_and_they_may_sign_in_again() {
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
async fn a_disabled_account_is_out_on_every_server_within_a_second() {
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
async fn nobody_is_disabled_who_is_not_there() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    root.get(&format!("users/{UNKNOWN_ID}")).await.expect(404, "user_not_found");
    for what in ["disable", "enable"] {
        post(&root, UNKNOWN_ID, what).await.expect(404, "user_not_found");
    }
    root.delete(&format!("users/{UNKNOWN_ID}/sessions")).await.expect(404, "user_not_found");
}

#[tokio::test]
async fn the_last_superuser_is_not_disabled() {
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
async fn two_superusers_who_disable_each_other_at_once_leave_one() {
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
async fn a_login_at_the_moment_of_disabling_leaves_no_living_session() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    let guest = server.guest();
    for _ in 0..5 {
        let login = async {
            let answer = guest.post("auth/login", &form("ada")).await;
            (answer.status == 200)
                .then(|| answer.json()["access_token"].as_str().unwrap().to_owned())
        };
        let (token, disabled) = tokio::join!(login, post(&root, &ada.id, "disable"));
        disabled.expect(204, "");
        if let Some(token) = token {
            server.as_user(&token).get("me").await.expect(401, "token_revoked");
        }
        let living = "SELECT count(*) FROM sessions s JOIN users u ON u.id = user_id
            WHERE ended_at IS NULL AND login = 'ada'";
        assert_eq!(server.database.count(living).await, 0);
        post(&root, &ada.id, "enable").await.expect(204, "");
    }
}

#[tokio::test]
async fn who_administers_people_touches_no_superuser_and_nobody_who_reaches_routes() {
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
