//! `POST /api/v1/auth/refresh`

use std::collections::HashSet;

use chrono::TimeDelta;
use futures::future::join_all;
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;
use sqlx::Connection;
use tests::{Answer, Caller, TestServer, token};

use super::begin_history_period;

fn refresh_token(answer: &Answer) -> String {
    answer.ok()["refresh_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_refresh_token_returns_the_next_pair() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let answer = server.guest().refresh(&user.refresh_token).await;
    assert_snapshot!(answer, @r#"
    200
    {
      "access_token": "[access token]",
      "expires_in": 300,
      "refresh_token": "[refresh token]",
      "token_type": "Bearer"
    }
    "#);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_ne!(refresh_token(&answer), user.refresh_token);
    let caller = server.as_user(answer.json()["access_token"].as_str().unwrap());
    assert_eq!(caller.get("me").await.ok()["login"], "ada");
    user.get("me").await.expect(200, "");
}

#[tokio::test]
async fn a_refreshed_session_outlives_its_access_tokens() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let mut token = user.refresh_token.clone();
    for _ in 0..4 {
        server.clock.advance(TimeDelta::days(20));
        token = refresh_token(&server.guest().refresh(&token).await);
    }
    user.get("me").await.expect(401, "token_expired");
    server.clock.advance(TimeDelta::days(11));
    server.guest().refresh(&token).await.expect(401, "refresh_token_invalid");
}

#[tokio::test]
async fn an_idle_session_expires_after_thirty_days() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    server.clock.advance(TimeDelta::days(30) + TimeDelta::seconds(1));
    let answer = server.guest().refresh(&user.refresh_token).await;
    assert_snapshot!(answer.expect(401, "refresh_token_invalid"), @r#"
    401
    {
      "code": "refresh_token_invalid",
      "status": 401,
      "title": "Invalid, expired or already used refresh token; log in again.",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test]
async fn a_refresh_token_reused_within_the_grace_period_returns_the_same_successor() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let first = server.guest().refresh(&user.refresh_token).await;
    server.clock.advance(TimeDelta::seconds(8));
    let again = server.guest().refresh(&user.refresh_token).await;
    assert_eq!(refresh_token(&again), refresh_token(&first));
}

#[tokio::test]
async fn a_refresh_token_reused_after_the_grace_period_ends_the_session() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let next = server.guest().refresh(&user.refresh_token).await;
    server.clock.advance(TimeDelta::seconds(11));
    server.guest().refresh(&user.refresh_token).await.expect(401, "refresh_token_invalid");
    server.guest().refresh(&refresh_token(&next)).await.expect(401, "refresh_token_invalid");
    user.get("me").await.expect(401, "token_revoked");
    let owner = server.log_in("ada").await;
    let reused = owner.get("me/history?outcome=refresh_token_reused").await.ok();
    assert_eq!(reused["items"].as_array().unwrap().len(), 1, "{reused:#}");
    let event = &reused["items"][0];
    assert_eq!(
        (&event["method"], &event["address"]),
        (&json!("refresh_token"), &json!("127.0.0.1"))
    );
    let first = owner.get("me/history?outcome=succeeded").await.ok();
    assert_ne!(event["session_id"], first["items"][0]["session_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_refreshes_return_the_same_successor() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let guest = server.guest();
    let answers = join_all((0..50).map(|_| guest.refresh(&user.refresh_token))).await;
    let successors: HashSet<String> = answers.iter().map(refresh_token).collect();
    assert_eq!(successors.len(), 1);
    for successor in successors {
        server.guest().refresh(&successor).await.expect(200, "");
    }
    let count = "SELECT refresh_counter FROM sessions";
    assert_eq!(server.database.count(count).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn refreshes_at_the_same_time_continue_each_session_once() {
    let server = TestServer::start().await;
    let mut users = vec![server.register("ada").await];
    for _ in 1..20 {
        users.push(server.log_in("ada").await);
    }
    let guest = server.guest();
    let answers = join_all(users.iter().map(|user| guest.refresh(&user.refresh_token))).await;
    for (user, answer) in users.iter().zip(&answers) {
        let claims = token::read(answer.ok()["access_token"].as_str().unwrap()).1;
        assert_eq!(claims["sid"], user.session());
    }
    let successors: HashSet<String> = answers.iter().map(refresh_token).collect();
    assert_eq!(successors.len(), 20);
    let once = "SELECT count(*) FROM sessions WHERE refresh_counter = 1";
    assert_eq!(server.database.count(once).await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_another_transaction_changes_delays_no_other() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    let mut connection = server.database.connect().await;
    let mut transaction = connection.begin().await.unwrap();
    let held = "SELECT 1 FROM sessions WHERE user_id = (SELECT id FROM users WHERE login = 'ada') FOR UPDATE";
    sqlx::query(held).execute(&mut *transaction).await.unwrap();
    let guest = server.guest();
    let waiting = tokio::spawn({
        let (guest, token) = (guest.clone(), ada.refresh_token.clone());
        async move { guest.refresh(&token).await }
    });
    let mut token = bob.refresh_token.clone();
    for _ in 0..20 {
        token = refresh_token(&guest.refresh(&token).await);
    }
    assert!(!waiting.is_finished());
    transaction.rollback().await.unwrap();
    waiting.await.unwrap().expect(200, "");
}

#[tokio::test]
async fn anything_else_is_not_a_refresh_token() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let good = &user.refresh_token;
    let (cut, longer) = (&good[..good.len() - 1], format!("{good}A"));
    let changed = good.replace("rt_", "rt-");
    for token in ["", "x", "rt_", cut, &longer, &changed, user.token(), "rt_\u{1F4A9}"] {
        server.guest().refresh(token).await.expect(401, "refresh_token_invalid");
    }
    server.guest().refresh(good).await.expect(200, "");
}

#[tokio::test]
async fn a_refresh_token_is_invalid_after_logout_or_when_the_account_is_disabled() {
    let server = TestServer::start().await;
    let (gone, locked) = (server.register("gone").await, server.register("locked").await);
    gone.log_out().await.expect(204, "");
    server.database.execute("UPDATE users SET disabled_at = now() WHERE login = 'locked'").await;
    for user in [gone, locked] {
        server.guest().refresh(&user.refresh_token).await.expect(401, "refresh_token_invalid");
    }
}

#[tokio::test]
async fn a_grace_answer_to_another_device_or_address_is_in_the_login_history() {
    let server = TestServer::with(&[("AUTH_TRUSTED_PROXIES", "127.0.0.1")]).await;
    begin_history_period(&server);
    let (user, guest) = (server.register("ada").await, server.guest());
    let refresh = async |token: &str, address: &str, agent: &str| {
        let body = json!({ "refresh_token": token });
        let request = guest.request(Method::POST, "auth/refresh").json(&body);
        let request = request.header("x-forwarded-for", address).header("user-agent", agent);
        refresh_token(&guest.send(request).await)
    };
    let history = async |user: &Caller| {
        let page = user.get("me/history?outcome=refresh_repeated_elsewhere").await.ok();
        page["items"].as_array().unwrap().clone()
    };
    let first = refresh(&user.refresh_token, "192.0.2.1", "phone").await;
    for (address, agent, recorded) in [
        ("192.0.2.1", "phone", 0),
        ("192.0.2.2", "phone", 1),
        ("192.0.2.1", "laptop", 2),
        ("192.0.2.3", "tablet", 3),
    ] {
        assert_eq!(refresh(&user.refresh_token, address, agent).await, first);
        let items = history(&user).await;
        // One entry, however often the answer is repeated.
        assert_eq!(items.len(), recorded.min(1), "{items:#?}");
        if let Some(entry) = items.first() {
            let device = (&entry["address"], &entry["user_agent"]);
            assert_eq!(device, (&json!("192.0.2.2"), &json!("phone")));
            assert_eq!(
                (&entry["session_id"], &entry["attempts"]),
                (&json!(user.session()), &json!(recorded))
            );
        }
    }
    server.clock.advance(TimeDelta::minutes(10));
    refresh(&first, "192.0.2.1", "phone").await;
    refresh(&first, "192.0.2.2", "phone").await;
    let user = server.log_in("ada").await;
    let attempts: Vec<_> =
        history(&user).await.iter().map(|entry| entry["attempts"].clone()).collect();
    assert_eq!(attempts, [1, 3]);
}
