//! `POST /api/v1/auth/login/second-factor`

use chrono::TimeDelta;
use futures::future::join_all;
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Answer, AuthenticatorApp, NEW_PASSWORD, PASSWORD, TestServer, User, current_password, token,
};

use super::begin_history_period;
use crate::samples::samples;

/// A server, a user with a second factor, their app and their recovery codes. The current code of
/// the app is unused.
async fn enrolled() -> (TestServer, User, AuthenticatorApp, Vec<String>) {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let (app, recovery) = server.enroll(&user).await;
    server.clock.advance(TimeDelta::seconds(30));
    (server, user, app, recovery)
}

fn count_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test]
async fn the_password_returns_a_challenge_and_the_code_returns_the_tokens() {
    let (server, _, app, _) = enrolled().await;
    let first = server.guest().log_in("ada", PASSWORD).await.expect(200, "");
    assert_snapshot!(first, @r#"
    200
    {
      "challenge": "[access token]",
      "expires_in": 300,
      "mfa_required": true
    }
    "#);
    assert_eq!(first.header("cache-control"), "no-store");
    let challenge = first.json()["challenge"].as_str().unwrap().to_owned();
    let second = server.guest().answer_challenge(&challenge, &app.code(&server)).await;
    assert_snapshot!(second, @r#"
    200
    {
      "access_token": "[access token]",
      "expires_in": 300,
      "refresh_token": "[refresh token]",
      "token_type": "Bearer"
    }
    "#);
    assert_eq!(second.header("cache-control"), "no-store");
    let caller = server.as_user(second.json()["access_token"].as_str().unwrap());
    assert_eq!(caller.get("me").await.ok()["login"], "ada");
    let wrong = json!({ "login": "ada", "password": "wrong" });
    server.guest().post("auth/login", &wrong).await.expect(401, "credentials_invalid");
}

#[tokio::test]
async fn codes_of_the_previous_and_the_next_step_are_accepted() {
    let (server, _, app, _) = enrolled().await;
    server.clock.advance(TimeDelta::minutes(5));
    let challenge = server.challenge("ada").await;
    server
        .guest()
        .answer_challenge(&challenge, &app.code_after(&server, -2))
        .await
        .expect(401, "invalid_code");
    server
        .guest()
        .answer_challenge(&challenge, &app.code_after(&server, 2))
        .await
        .expect(401, "invalid_code");
    server.guest().answer_challenge(&challenge, &app.code_after(&server, -1)).await.expect(200, "");
    let challenge = server.challenge("ada").await;
    server.guest().answer_challenge(&challenge, &app.code_after(&server, 1)).await.expect(200, "");
    // Accepting a later code also invalidates the ones before it.
    let challenge = server.challenge("ada").await;
    server
        .guest()
        .answer_challenge(&challenge, &app.code(&server))
        .await
        .expect(401, "invalid_code");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_concurrent_logins_with_one_code_one_succeeds() {
    let (server, _, app, _) = enrolled().await;
    let mut challenges = Vec::new();
    for _ in 0..50 {
        challenges.push(server.challenge("ada").await);
    }
    let code = app.code(&server);
    let guest = server.guest();
    let answers =
        join_all(challenges.iter().map(|challenge| guest.answer_challenge(challenge, &code))).await;
    assert_eq!((count_status(&answers, 200), count_status(&answers, 401)), (1, 49));
    let sessions = "SELECT count(*) FROM sessions WHERE ended_at IS NULL";
    assert_eq!(server.database.count(sessions).await, 2);
    // Reusing a code is not guessing: the user is not locked out.
    server.clock.advance(TimeDelta::seconds(30));
    server
        .guest()
        .answer_challenge(&server.challenge("ada").await, &app.code(&server))
        .await
        .expect(200, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_works_once_even_concurrently() {
    let (server, user, _, recovery) = enrolled().await;
    let mut challenges = Vec::new();
    for _ in 0..20 {
        challenges.push(server.challenge("ada").await);
    }
    let guest = server.guest();
    let attempts =
        challenges.iter().map(|challenge| guest.answer_challenge(challenge, &recovery[0]));
    let answers = join_all(attempts).await;
    assert_eq!(count_status(&answers, 200), 1);
    assert_eq!(user.get("me/second-factor").await.ok()["recovery_codes_left"], 9);
    let again = server.challenge("ada").await;
    server.clock.advance(TimeDelta::minutes(4));
    server.guest().answer_challenge(&again, &recovery[0]).await.expect(401, "invalid_code");
    server.clock.advance(TimeDelta::seconds(10));
    server.guest().answer_challenge(&again, &recovery[1]).await.expect(200, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_opens_one_session_even_concurrently() {
    let (server, _, app, recovery) = enrolled().await;
    let challenge = server.challenge("ada").await;
    let guest = server.guest();
    let answers =
        join_all(recovery.iter().map(|code| guest.answer_challenge(&challenge, code))).await;
    assert_eq!((count_status(&answers, 200), count_status(&answers, 401)), (1, 9));
    let late = server.guest().answer_challenge(&challenge, &app.code(&server)).await;
    late.expect(401, "challenge_invalid");
    // The codes that opened no session are still valid.
    let left = "SELECT count(*) FROM recovery_codes";
    assert_eq!(server.database.count(left).await, 9);
    server
        .guest()
        .answer_challenge(&server.challenge("ada").await, &app.code(&server))
        .await
        .expect(200, "");
}

#[tokio::test]
async fn a_challenge_expires_after_five_minutes() {
    let (server, _, app, _) = enrolled().await;
    let challenge = server.challenge("ada").await;
    server.clock.advance(TimeDelta::seconds(290));
    server.guest().answer_challenge(&challenge, "000000").await.expect(401, "invalid_code");
    server.clock.advance(TimeDelta::seconds(16));
    let late = server.guest().answer_challenge(&challenge, &app.code(&server)).await;
    assert_snapshot!(late, @r#"
    401
    {
      "code": "challenge_invalid",
      "status": 401,
      "title": "This login has expired or is already complete; log in again.",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test]
async fn a_challenge_is_invalid_once_the_password_the_factor_or_the_account_changes() {
    let (server, user, app, _) = enrolled().await;
    let challenge = server.challenge("ada").await;
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    user.put("me/password", &change).await.expect(204, "");
    server
        .guest()
        .answer_challenge(&challenge, &app.code(&server))
        .await
        .expect(401, "challenge_invalid");

    let removed = server.register("removed").await;
    let (app, _) = server.enroll(&removed).await;
    let challenge = server.challenge("removed").await;
    let credential = current_password();
    let request = removed.request(Method::DELETE, "me/second-factor").json(&credential);
    removed.send(request).await.expect(204, "");
    let code = app.code_after(&server, 1);
    server.guest().answer_challenge(&challenge, &code).await.expect(401, "challenge_invalid");

    let locked = server.register("locked").await;
    let (app, _) = server.enroll(&locked).await;
    let challenge = server.challenge("locked").await;
    server.database.execute("UPDATE users SET disabled_at = now() WHERE login = 'locked'").await;
    let code = app.code_after(&server, 1);
    server.guest().answer_challenge(&challenge, &code).await.expect(401, "challenge_invalid");
}

#[tokio::test]
async fn the_codes_of_another_user_are_rejected() {
    let (server, _, ada, ada_recovery) = enrolled().await;
    let bob = server.register("bob").await;
    server.enroll(&bob).await;
    let challenge = server.challenge("bob").await;
    server
        .guest()
        .answer_challenge(&challenge, &ada.code_after(&server, 1))
        .await
        .expect(401, "invalid_code");
    server.guest().answer_challenge(&challenge, &ada_recovery[0]).await.expect(401, "invalid_code");
}

#[tokio::test]
async fn challenges_and_tokens_are_not_interchangeable() {
    let (server, user, app, _) = enrolled().await;
    let challenge = server.challenge("ada").await;
    let holder = server.as_user(&challenge);
    for sample in samples(&server, &user).await {
        if sample.operation.accepts_token() {
            let answer = sample.send(&holder).await;
            assert_eq!(answer.code(), "token_wrong_type", "{}", sample.name());
        }
    }
    server.guest().refresh(&challenge).await.expect(401, "refresh_token_invalid");
    let code = app.code(&server);
    for other in [user.token(), &user.refresh_token, "", "x", "a.b.c"] {
        server.guest().answer_challenge(other, &code).await.expect(401, "challenge_invalid");
    }
    for forged in forged(&challenge, user.token()) {
        server.guest().answer_challenge(&forged, &code).await.expect(401, "challenge_invalid");
    }
    server.guest().answer_challenge(&challenge, &code).await.expect(200, "");
}

/// Challenges that the server did not issue.
fn forged(challenge: &str, access_token: &str) -> Vec<String> {
    let ((header, claims), key) = (token::read(challenge), token::unknown_key());
    let with = |value: &Value, name: &str, other: Value| {
        let mut value = value.clone();
        value[name] = other;
        value
    };
    let signature = challenge.rsplit('.').next().unwrap();
    let renamed = with(&token::read(access_token).0, "typ", header["typ"].clone());
    let later = with(&claims, "exp", json!(4_000_000_000_u64));
    vec![
        token::signed(&header, &claims, &key),
        token::signed(&with(&header, "jwk", token::jwk(&key)), &claims, &key),
        format!("{}.", token::unsigned(&with(&header, "alg", json!("none")), &claims)),
        format!("{}.{signature}", token::unsigned(&header, &later)),
        format!("{}.{signature}", token::unsigned(&with(&header, "typ", json!("at+jwt")), &claims)),
        format!(
            "{}.{}",
            token::unsigned(&renamed, &token::read(access_token).1),
            access_token.rsplit('.').next().unwrap()
        ),
    ]
}

#[tokio::test]
async fn what_the_holder_of_a_challenge_can_repeat_is_one_entry_in_the_login_history() {
    let server = TestServer::start().await;
    begin_history_period(&server);
    let user = server.register("ada").await;
    let (app, _) = server.enroll(&user).await;
    let code = app.code_after(&server, 1);
    let challenge = server.challenge("ada").await;
    server.guest().answer_challenge(&challenge, &code).await.expect(200, "");
    let challenge = server.challenge("ada").await;
    for _ in 0..5 {
        server.guest().answer_challenge(&challenge, &code).await.expect(401, "invalid_code");
    }
    let allowed = json!({ "allowed": ["Firefox"], "current_password": PASSWORD });
    let allow = user.request(Method::PUT, "me/user-agents").header("user-agent", "Firefox");
    user.send(allow.json(&allowed)).await.expect(204, "");
    for _ in 0..5 {
        let refused = server.guest().answer_challenge(&challenge, &code).await;
        refused.expect(403, "agent_not_allowed");
    }
    for outcome in ["invalid_code", "agent_not_allowed"] {
        let page = user.get(&format!("me/history?outcome={outcome}")).await.ok();
        let items = page["items"].as_array().unwrap();
        assert_eq!((items.len(), &items[0]["attempts"]), (1, &json!(5)), "{page:#}");
        assert_eq!(items[0]["method"], "second_factor");
    }
}

#[tokio::test]
async fn both_steps_are_in_the_login_history() {
    let (server, user, app, _) = enrolled().await;
    let challenge = server.challenge("ada").await;
    server
        .guest()
        .answer_challenge(&challenge, &app.wrong_code(&server))
        .await
        .expect(401, "invalid_code");
    server.guest().answer_challenge(&challenge, &app.code(&server)).await.expect(200, "");
    let history = user.get("me/history").await.ok();
    let seen: Vec<(&str, &str)> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["method"].as_str().unwrap(), item["outcome"].as_str().unwrap()))
        .take(3)
        .collect();
    let (first, second) = ("password", "second_factor");
    assert_eq!(seen, [(second, "succeeded"), (second, "invalid_code"), (first, "mfa_required")]);
}
