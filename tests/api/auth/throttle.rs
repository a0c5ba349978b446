//! Guessing passwords is slowed down; nobody is locked out for good, nor by others.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::json;
use tests::{Answer, Caller, PASSWORD, Redis, TestServer};

/// Minutes, so that a test may take its time.
pub(super) const WAITS: (&str, &str) = ("AUTH_THROTTLE_WAITS", "60,180,300,600");

async fn log_in(guest: &Caller, login: &str, password: &str) -> Answer {
    guest.post("auth/login", &json!({ "login": login, "password": password })).await
}

async fn fail(guest: &Caller, login: &str) {
    log_in(guest, login, "wrong").await.expect(401, "credentials_invalid");
}

pub(super) fn is_refused(answer: Answer, seconds: u64) -> Answer {
    let answer = answer.expect(429, "too_many_attempts");
    let wait = answer.json()["retry_after"].as_u64().unwrap();
    assert!((seconds.saturating_sub(30)..=seconds).contains(&wait), "{wait} for {seconds}");
    answer
}

#[tokio::test]
async fn waits_grow_with_every_failure_and_never_become_a_lock_with_redis_and_without() {
    for redis in [None, Some(("REDIS_URL", ""))] {
        let settings: Vec<_> = [WAITS].into_iter().chain(redis).collect();
        let server = TestServer::with(&settings).await;
        server.register("ada").await;
        let guest = server.guest();
        fail(&guest, "ada").await;
        fail(&guest, "ada").await;
        for seconds in [60, 180, 300, 600, 600, 600] {
            fail(&guest, "Ada").await;
            is_refused(log_in(&guest, "ada", "wrong").await, seconds);
            is_refused(log_in(&guest, "ADA", PASSWORD).await, seconds);
            server.clock.advance(TimeDelta::seconds(i64::try_from(seconds).unwrap()));
        }
        log_in(&guest, "ada", PASSWORD).await.expect(200, "");
        fail(&guest, "ada").await;
        fail(&guest, "ada").await;
        log_in(&guest, "ada", PASSWORD).await.expect(200, "");
    }
}

#[tokio::test]
async fn a_refusal_says_when_to_come_back_and_what_the_limit_is() {
    let server = TestServer::with(&[WAITS]).await;
    for _ in 0..3 {
        fail(&server.guest(), "nobody").await;
    }
    let answer = is_refused(log_in(&server.guest(), "nobody", "wrong").await, 60);
    let seconds = answer.header("retry-after");
    assert_eq!(answer.header("ratelimit-policy"), "\"login-and-address\";q=3;w=3600");
    let left = format!("\"login-and-address\";r=0;t={seconds}");
    assert_eq!(answer.header("ratelimit"), left);
    let detail = format!("Try again in {seconds} s; other passwords don't help before.");
    assert_eq!(answer.json()["detail"], detail);
    let document = server.guest().get("/openapi.json").await.ok();
    let documented = &document["paths"]["/api/v1/auth/login"]["post"]["responses"]["429"];
    for name in ["Retry-After", "RateLimit-Policy", "RateLimit"] {
        assert!(documented["headers"][name].is_object(), "{documented:#}");
    }
}

#[tokio::test]
async fn failures_are_forgotten_after_an_hour() {
    let server = TestServer::with(&[WAITS]).await;
    let guest = server.guest();
    for _ in 0..3 {
        fail(&guest, "ada").await;
    }
    server.clock.advance(TimeDelta::minutes(61));
    for _ in 0..3 {
        fail(&guest, "ada").await;
    }
    is_refused(log_in(&guest, "ada", "wrong").await, 60);
}

#[tokio::test]
async fn valid_logins_at_once_all_succeed_even_after_failures() {
    let server = TestServer::with(&[WAITS]).await;
    server.register("ada").await;
    let guest = server.guest();
    for minutes in [0, 2] {
        for _ in 0..2 {
            fail(&guest, "ada").await;
        }
        let answers = join_all((0..50).map(|_| log_in(&guest, "ada", PASSWORD))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:#?}");
        server.clock.advance(TimeDelta::minutes(minutes));
    }
    // After a wait, too.
    for _ in 0..3 {
        fail(&guest, "ada").await;
    }
    is_refused(log_in(&guest, "ada", PASSWORD).await, 60);
    server.clock.advance(TimeDelta::minutes(1));
    log_in(&guest, "ada", PASSWORD).await.expect(200, "");
    let answers = join_all((0..50).map(|_| log_in(&guest, "ada", PASSWORD))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:#?}");
}

#[tokio::test]
async fn guesses_at_once_are_hardly_more_than_guesses_one_by_one() {
    let server = TestServer::with(&[WAITS]).await;
    server.register("ada").await;
    let guest = server.guest();
    for allowed in [5, 1, 1] {
        let guesses = (0..60).map(|_| log_in(&guest, "ada", "wrong"));
        let answers = join_all(guesses).await;
        let made = answers.iter().filter(|answer| answer.status == 401).count();
        assert!(answers.iter().all(|answer| [401, 429].contains(&answer.status)), "{answers:#?}");
        assert!((1..=allowed).contains(&made), "{made} guesses were made");
        server.clock.advance(TimeDelta::minutes(10));
    }
}

#[tokio::test]
async fn replicas_count_together() {
    let server = TestServer::with(&[WAITS]).await;
    let other = server.replica(&[]).await;
    fail(&server.guest(), "ada").await;
    fail(&other.guest(), "ada").await;
    fail(&server.guest(), "ada").await;
    is_refused(log_in(&other.guest(), "ada", "wrong").await, 60);
    is_refused(log_in(&server.guest(), "ada", "wrong").await, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_each_server_goes_on_from_what_it_knows() {
    let mut redis = Redis::start();
    let server = TestServer::with(&[WAITS, ("REDIS_URL", &redis.url())]).await;
    server.register("ada").await;
    let guest = server.guest();
    fail(&guest, "ada").await;
    fail(&guest, "ada").await;
    redis.kill();
    fail(&guest, "ada").await;
    for _ in 0..20 {
        is_refused(log_in(&guest, "ada", PASSWORD).await, 60);
    }
    server.clock.advance(TimeDelta::minutes(1));
    fail(&guest, "ada").await;
    is_refused(log_in(&guest, "ada", "wrong").await, 180);
    log_in(&guest, "bob", "wrong").await.expect(401, "credentials_invalid");
    // Back, and empty: it counts anew.
    redis.restart();
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    tests::until("counted by Redis", async || log_in(&guest, "ada", PASSWORD).await.status == 200)
        .await;
    for _ in 0..3 {
        fail(&guest, "ada").await;
    }
    is_refused(log_in(&guest, "ada", PASSWORD).await, 60);
}
