//! Guessing codes of the second factor is throttled.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::json;
use sqlx::Executor;
use tests::{AuthenticatorApp, TestServer, current_password};

#[tokio::test]
async fn the_lockout_delay_after_wrong_codes_grows_to_five_minutes() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let (app, _) = server.enroll(&user).await;
    let mut waits = Vec::new();
    for _ in 0..12 {
        let challenge = server.challenge("ada").await;
        let wrong = app.wrong_code(&server);
        server.guest().answer_challenge(&challenge, &wrong).await.expect(401, "invalid_code");
        let answer = server.guest().answer_challenge(&challenge, &wrong).await;
        if answer.status == 429 {
            let answer = answer.expect(429, "too_many_attempts");
            assert_eq!(answer.header("ratelimit-policy"), "\"second-factor\";q=3;w=300");
            let wait = answer.json()["retry_after"].as_i64();
            waits.push(wait.unwrap());
            server.clock.advance(TimeDelta::seconds(wait.unwrap()));
        }
    }
    // Both wrong codes of the first round were checked.
    assert_eq!(waits, [1, 3, 5, 10, 30, 60, 120, 300, 300, 300, 300]);
    // Never permanently: the right code is accepted and resets the delay.
    let challenge = server.challenge("ada").await;
    server.guest().answer_challenge(&challenge, &app.code(&server)).await.expect(200, "");
    let challenge = server.challenge("ada").await;
    let wrong = app.wrong_code(&server);
    server.guest().answer_challenge(&challenge, &wrong).await.expect(401, "invalid_code");
    server.guest().answer_challenge(&challenge, &wrong).await.expect(401, "invalid_code");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_concurrent_guesses_three_are_checked() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let (app, recovery) = server.enroll(&user).await;
    server.clock.advance(TimeDelta::seconds(30));
    let (challenge, wrong) = (server.challenge("ada").await, app.wrong_code(&server));
    let guest = server.guest();
    let answers = join_all((0..50).map(|_| guest.answer_challenge(&challenge, &wrong))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!(count(401) + count(429), 50);
    // On a busy machine the requests may take longer than the delay of one second.
    assert!((3..=5).contains(&count(401)), "{}", count(401));
    // During the delay right codes are not consumed either.
    let failures = "SELECT count(*) FROM second_factors WHERE failures >= 3";
    assert_eq!(server.database.count(failures).await, 1);
    server.clock.advance(TimeDelta::minutes(1));
    server
        .guest()
        .answer_challenge(&challenge, &app.wrong_code(&server))
        .await
        .expect(401, "invalid_code");
    let code = app.code(&server);
    server.guest().answer_challenge(&challenge, &code).await.expect(429, "too_many_attempts");
    server
        .guest()
        .answer_challenge(&challenge, &recovery[0])
        .await
        .expect(429, "too_many_attempts");
    server.clock.advance(TimeDelta::seconds(20));
    server.guest().answer_challenge(&challenge, &recovery[0]).await.expect(200, "");
}

#[tokio::test]
async fn wrong_codes_are_counted_across_all_operations() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let (app, _) = server.enroll(&user).await;
    let wrong = json!({ "code": app.wrong_code(&server) });
    let remove = async || user.delete_with("me/second-factor", &wrong).await;
    let renew = async || user.post("me/second-factor/recovery-codes", &wrong).await;
    for _ in 0..3 {
        remove().await.expect(403, "invalid_code");
        server.clock.advance(TimeDelta::seconds(2));
    }
    renew().await.expect(403, "invalid_code");
    remove().await.expect(429, "too_many_attempts");
    renew().await.expect(429, "too_many_attempts");
    let challenge = server.challenge("ada").await;
    server
        .guest()
        .answer_challenge(&challenge, &app.code_after(&server, 1))
        .await
        .expect(429, "too_many_attempts");
}

#[tokio::test]
async fn confirming_an_enrollment_is_throttled() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let begin = async || {
        let begun = user.post("me/second-factor", &current_password()).await;
        AuthenticatorApp::scan(&begun.ok())
    };
    // An enrollment left open on a screen gives an attacker unlimited time to guess.
    let app = begin().await;
    let confirm =
        async |code: String| user.post("me/second-factor/confirm", &json!({ "code": code })).await;
    for _ in 0..3 {
        confirm(app.wrong_code(&server)).await.expect(403, "invalid_code");
    }
    let answer = confirm(app.code(&server)).await.expect(429, "too_many_attempts");
    assert_eq!(answer.json()["retry_after"], 1);
    // Beginning again does not reset the delay.
    let app = begin().await;
    confirm(app.code(&server)).await.expect(429, "too_many_attempts");
    server.clock.advance(TimeDelta::seconds(1));
    confirm(app.wrong_code(&server)).await.expect(403, "invalid_code");
    confirm(app.code(&server)).await.expect(429, "too_many_attempts");
    server.clock.advance(TimeDelta::seconds(3));
    confirm(app.code(&server)).await.expect(200, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_of_one_user_that_wait_for_each_other_hold_no_connections() {
    let server = TestServer::with(&[("AUTH_DATABASE_POOL", "4")]).await;
    let (ada, grace) = (server.register("ada").await, server.register("grace").await);
    let (app, _) = server.enroll(&ada).await;
    let (challenge, wrong) = (server.challenge("ada").await, app.wrong_code(&server));
    let mut lock = server.database.connect().await;
    lock.execute("BEGIN; SELECT FROM second_factors FOR UPDATE").await.unwrap();
    let guest = server.guest();
    let remove = json!({ "code": wrong });
    let guesses = (0..8).map(|_| guest.answer_challenge(&challenge, &wrong));
    let reauthentications = (0..8).map(|_| ada.delete_with("me/second-factor", &remove));
    let name = json!({ "first_name": "Grace" });
    let others = async {
        server.database.wait_for_lock().await;
        for _ in 0..4 {
            for answer in join_all((0..8).map(|_| grace.patch("me", &name))).await {
                answer.expect(200, "");
            }
        }
        let waiting = "SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        assert_eq!(server.database.count(waiting).await, 1);
        drop(lock);
    };
    tokio::join!(join_all(guesses), join_all(reauthentications), others);
}
