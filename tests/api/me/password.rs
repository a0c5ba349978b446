//! `PUT /api/v1/me/password`

use chrono::TimeDelta;
use futures::future::join_all;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::{NEW_PASSWORD, PASSWORD, TestServer, current_password};

fn change(current: &str, new: &str) -> Value {
    json!({ "current_password": current, "new_password": new })
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_immediately() {
    let server = TestServer::start().await;
    let here = server.register("ada").await;
    let elsewhere = server.log_in("ada").await;
    elsewhere.get("me").await.expect(200, "");
    here.put("me/password", &change(PASSWORD, NEW_PASSWORD)).await.expect(204, "");
    elsewhere.get("me").await.expect(401, "token_revoked");
    server.guest().refresh(&elsewhere.refresh_token).await.expect(401, "refresh_token_invalid");
    here.get("me").await.expect(200, "");
    let log_in = |password| json!({ "login": "ada", "password": password });
    server.guest().post("auth/login", &log_in(PASSWORD)).await.expect(401, "credentials_invalid");
    let again = server.guest().post("auth/login", &log_in(NEW_PASSWORD)).await.ok();
    server.as_user(again["access_token"].as_str().unwrap()).get("me").await.expect(200, "");
}

#[tokio::test]
async fn the_session_that_changed_the_password_survives() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    user.put("me/password", &change(PASSWORD, NEW_PASSWORD)).await.expect(204, "");
    server.clock.advance(TimeDelta::minutes(10));
    let next = server.guest().refresh(&user.refresh_token).await.ok();
    server.as_user(next["access_token"].as_str().unwrap()).get("me").await.expect(200, "");
}

#[tokio::test]
async fn changing_password_or_login_ends_the_grace_period_of_replaced_refresh_tokens() {
    let server = TestServer::start().await;
    let login = json!({ "login": "lovelace", "current_password": PASSWORD });
    for (name, path, body) in
        [("ada", "me/password", change(PASSWORD, NEW_PASSWORD)), ("grace", "me/login", login)]
    {
        let refresh = async |token: &str| server.guest().refresh(token).await;
        let user = server.register(name).await;
        let next = refresh(&user.refresh_token).await.ok();
        let next = next["refresh_token"].as_str().unwrap();
        // Before the change the grace period applies.
        assert_eq!(refresh(&user.refresh_token).await.ok()["refresh_token"], next);
        user.put(path, &body).await.expect(204, "");
        user.get("me").await.expect(200, "");
        refresh(&user.refresh_token).await.expect(401, "refresh_token_invalid");
        // Reuse has ended the session.
        refresh(next).await.expect(401, "refresh_token_invalid");
        user.get("me").await.expect(401, "token_revoked");
    }
}

#[tokio::test]
async fn the_current_refresh_token_survives_a_change_of_password_or_login() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let refresh = async |token: &str| {
        let next = server.guest().refresh(token).await.ok();
        next["refresh_token"].as_str().unwrap().to_owned()
    };
    let second = refresh(&user.refresh_token).await;
    user.put("me/password", &change(PASSWORD, NEW_PASSWORD)).await.expect(204, "");
    let third = refresh(&second).await;
    // From here on the grace period applies again.
    assert_eq!(refresh(&second).await, third);
    let login = json!({ "login": "lovelace", "current_password": NEW_PASSWORD });
    user.put("me/login", &login).await.expect(204, "");
    refresh(&third).await;
}

#[tokio::test]
async fn a_wrong_current_password_changes_nothing() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let elsewhere = server.log_in("ada").await;
    let answer = user.put("me/password", &change("wrong", NEW_PASSWORD)).await;
    assert_snapshot!(answer.expect(403, "current_password_wrong"), @r#"
    403
    {
      "code": "current_password_wrong",
      "status": 403,
      "title": "The current password is incorrect.",
      "type": "about:blank"
    }
    "#);
    let weak = user.put("me/password", &change(PASSWORD, "ada12345")).await;
    assert_eq!(weak.expect(422, "password_rejected").field(), "new_password");
    elsewhere.get("me").await.expect(200, "");
    server.log_in("ada").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_concurrent_password_changes_one_succeeds() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let news = ["one blue elephant dancing", "two red herrings swimming"];
    let changes =
        news.map(async |new| user.put("me/password", &change(PASSWORD, new)).await.status);
    let statuses = join_all(changes).await;
    let won: Vec<&str> =
        news.iter().zip(&statuses).filter(|(_, status)| **status == 204).map(|(n, _)| *n).collect();
    assert_eq!(won.len(), 1, "{statuses:?}");
    let body = json!({ "login": "ada", "password": won[0] });
    server.guest().post("auth/login", &body).await.expect(200, "");
}

#[tokio::test]
async fn guessing_the_current_password_is_throttled_per_user() {
    let server = TestServer::with(&[("AUTH_THROTTLE_DELAYS", "60,180")]).await;
    let (user, other) = (server.register("ada").await, server.register("bob").await);
    for _ in 0..3 {
        let answer = user.put("me/password", &change("wrong", NEW_PASSWORD)).await;
        answer.expect(403, "current_password_wrong");
    }
    let answer = user.put("me/password", &change(PASSWORD, NEW_PASSWORD)).await;
    let answer = answer.expect(429, "too_many_attempts");
    assert_eq!(answer.header("ratelimit-policy"), "\"current-password\";q=3;w=3600");
    other.put("me/password", &change(PASSWORD, NEW_PASSWORD)).await.expect(204, "");
    let again = server.log_in("ada").await;
    let login = json!({ "current_password": PASSWORD, "login": "grace" });
    again.put("me/login", &login).await.expect(429, "too_many_attempts");
    let farewell = current_password();
    let farewell = again.request(reqwest::Method::DELETE, "me").json(&farewell);
    again.send(farewell).await.expect(429, "too_many_attempts");
    server.clock.advance(TimeDelta::minutes(1));
    user.put("me/password", &change(PASSWORD, NEW_PASSWORD)).await.expect(204, "");
}
