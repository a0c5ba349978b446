//! Password guessing is throttled by login and by client address, and never becomes a lockout.

use chrono::TimeDelta;
use futures::future::join_all;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor};
use tests::{
    Answer, AuthenticatorApp, Caller, NEW_PASSWORD, PASSWORD, Redis, TestServer, current_password,
    until,
};
use tokio::task::JoinHandle;

/// Minutes, so that a slow machine does not matter.
const LOCKOUT_DELAYS: (&str, &str) = ("AUTH_THROTTLE_DELAYS", "60,180,300,600");

async fn fail_login(guest: &Caller, login: &str) {
    guest.log_in(login, "wrong").await.expect(401, "credentials_invalid");
}

fn assert_throttled(answer: Answer, seconds: u64) -> Answer {
    let answer = answer.expect(429, "too_many_attempts");
    let wait = answer.json()["retry_after"].as_u64().unwrap();
    assert!((seconds.saturating_sub(30)..=seconds).contains(&wait), "{wait} for {seconds}");
    answer
}

#[tokio::test]
async fn lockout_delays_grow_but_never_become_a_lockout_with_or_without_redis() {
    for redis in [None, Some(("REDIS_URL", ""))] {
        let settings: Vec<_> = [LOCKOUT_DELAYS].into_iter().chain(redis).collect();
        let server = TestServer::with(&settings).await;
        server.register("ada").await;
        let guest = server.guest();
        fail_login(&guest, "ada").await;
        fail_login(&guest, "ada").await;
        for seconds in [60, 180, 300, 600, 600, 600] {
            fail_login(&guest, "Ada").await;
            assert_throttled(guest.log_in("ada", "wrong").await, seconds);
            assert_throttled(guest.log_in("ADA", PASSWORD).await, seconds);
            server.clock.advance(TimeDelta::seconds(i64::try_from(seconds).unwrap()));
        }
        guest.log_in("ada", PASSWORD).await.expect(200, "");
        fail_login(&guest, "ada").await;
        fail_login(&guest, "ada").await;
        guest.log_in("ada", PASSWORD).await.expect(200, "");
    }
}

#[tokio::test]
async fn a_refusal_states_the_limit_and_when_to_retry() {
    let server = TestServer::with(&[LOCKOUT_DELAYS]).await;
    for _ in 0..3 {
        fail_login(&server.guest(), "nobody").await;
    }
    let answer = assert_throttled(server.guest().log_in("nobody", "wrong").await, 60);
    let seconds = answer.header("retry-after");
    assert_eq!(answer.header("ratelimit-policy"), "\"login-and-address\";q=3;w=3600");
    let left = format!("\"login-and-address\";r=0;t={seconds}");
    assert_eq!(answer.header("ratelimit"), left);
    let detail = format!("Try again in {seconds} s; until then no password is verified.");
    assert_eq!(answer.json()["detail"], detail);
    let document = server.guest().get("/openapi.json").await.ok();
    let documented = &document["paths"]["/api/v1/auth/login"]["post"]["responses"]["429"];
    for name in ["Retry-After", "RateLimit-Policy", "RateLimit"] {
        assert!(documented["headers"][name].is_object(), "{documented:#}");
    }
}

#[tokio::test]
async fn failed_attempts_are_forgotten_after_an_hour() {
    let server = TestServer::with(&[LOCKOUT_DELAYS]).await;
    let guest = server.guest();
    for _ in 0..3 {
        fail_login(&guest, "ada").await;
    }
    server.clock.advance(TimeDelta::minutes(61));
    for _ in 0..3 {
        fail_login(&guest, "ada").await;
    }
    assert_throttled(guest.log_in("ada", "wrong").await, 60);
}

#[tokio::test]
async fn concurrent_valid_logins_all_succeed_even_after_failures() {
    let server = TestServer::with(&[LOCKOUT_DELAYS]).await;
    server.register("ada").await;
    let guest = server.guest();
    for minutes in [0, 2] {
        for _ in 0..2 {
            fail_login(&guest, "ada").await;
        }
        let answers = join_all((0..50).map(|_| guest.log_in("ada", PASSWORD))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:#?}");
        server.clock.advance(TimeDelta::minutes(minutes));
    }
    // Also after a lockout delay.
    for _ in 0..3 {
        fail_login(&guest, "ada").await;
    }
    assert_throttled(guest.log_in("ada", PASSWORD).await, 60);
    server.clock.advance(TimeDelta::minutes(1));
    guest.log_in("ada", PASSWORD).await.expect(200, "");
    let answers = join_all((0..50).map(|_| guest.log_in("ada", PASSWORD))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:#?}");
}

#[tokio::test]
async fn concurrent_guesses_gain_nothing_over_sequential_ones() {
    let server = TestServer::with(&[LOCKOUT_DELAYS]).await;
    server.register("ada").await;
    let guest = server.guest();
    for allowed in [3, 1, 1] {
        let guesses = (0..60).map(|_| guest.log_in("ada", "wrong"));
        let answers = join_all(guesses).await;
        let made = answers.iter().filter(|answer| answer.status == 401).count();
        assert!(answers.iter().all(|answer| [401, 429].contains(&answer.status)), "{answers:#?}");
        assert_eq!(made, allowed, "guesses were made");
        server.clock.advance(TimeDelta::minutes(10));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_at_many_logins_is_limited_by_the_attempts_in_progress() {
    for redis in [None, Some(("REDIS_URL", ""))] {
        let settings = [LOCKOUT_DELAYS, ("AUTH_THROTTLE_ADDRESS_ATTEMPTS", "5")];
        let settings: Vec<_> = settings.into_iter().chain(redis).collect();
        let server = TestServer::with(&settings).await;
        let guest = &server.guest();
        let attempts = (0..40)
            .map(|number| async move { guest.log_in(&format!("user-{number}"), "wrong").await });
        let answers = join_all(attempts).await;
        let (made, rejected): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == 401);
        assert_eq!(made.len(), 5);
        for answer in rejected {
            assert_throttled(answer, 60);
        }
    }
}

/// Sends requests that need the table, and hangs up while they wait for it.
async fn hang_up(server: &TestServer, table: &str, requests: Vec<RequestBuilder>) {
    let mut blocker = server.database.connect().await;
    let lock = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
    blocker.execute(AssertSqlSafe(lock)).await.unwrap();
    let all = i64::try_from(requests.len()).unwrap();
    let sent: Vec<_> = requests.into_iter().map(|one| tokio::spawn(one.send())).collect();
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database =
        (SELECT oid FROM pg_database WHERE datname = current_database())";
    until("all wait", async || server.database.count(waiting).await == all).await;
    sent.iter().for_each(JoinHandle::abort);
    // Gives the server time to notice. If it does not, this test is easier to pass, but never fails.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    blocker.execute("COMMIT").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_counts_although_its_client_has_hung_up() {
    let server = TestServer::with(&[LOCKOUT_DELAYS]).await;
    let user = server.register("ada").await;
    let guess = || {
        let body = json!({ "login": "ada", "password": "wrong" });
        server.guest().request(Method::POST, "auth/login").json(&body)
    };
    hang_up(&server, "users", (0..3).map(|_| guess()).collect()).await;
    assert_throttled(server.guest().log_in("ada", PASSWORD).await, 60);
    let failed = "me/history?outcome=credentials_invalid";
    let recorded = user.get(failed).await.ok();
    assert_eq!(recorded["items"].as_array().unwrap().len(), 3);

    let reauthenticate = |password| {
        let body = json!({ "current_password": password, "new_password": NEW_PASSWORD });
        user.request(Method::PUT, "me/password").json(&body)
    };
    hang_up(&server, "users", (0..3).map(|_| reauthenticate("wrong")).collect()).await;
    assert_throttled(user.send(reauthenticate(PASSWORD)).await, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_counts_although_its_client_has_hung_up() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let failures = async |number: i64| {
        let count = format!("SELECT count(*) FROM second_factors WHERE failures = {number}");
        until("counted", async || server.database.count(&count).await == 1).await;
    };
    let begun = user.post("me/second-factor", &current_password()).await;
    let app = AuthenticatorApp::scan(&begun.ok());
    let wrong = || {
        let body = json!({ "code": app.wrong_code(&server) });
        user.request(Method::POST, "me/second-factor/confirm").json(&body)
    };
    // One at a time: they wait for their turn before they need the table.
    for number in 1..=2 {
        hang_up(&server, "second_factors", vec![wrong()]).await;
        failures(number).await;
    }
    user.post("me/second-factor/confirm", &json!({ "code": app.code(&server) })).await.ok();
    let challenge = server.challenge("ada").await;
    let wrong = || {
        let body = json!({ "challenge": challenge, "code": app.wrong_code(&server) });
        server.guest().request(Method::POST, "auth/login/second-factor").json(&body)
    };
    for number in 1..=3 {
        hang_up(&server, "second_factors", vec![wrong()]).await;
        failures(number).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_of_a_server_that_crashed_stop_counting_after_a_minute() {
    let server = TestServer::with(&[LOCKOUT_DELAYS]).await;
    let other = server.replica(&[]).await;
    server.register("ada").await;
    let mut blocker = server.database.connect().await;
    blocker.execute("BEGIN; SELECT FROM users FOR UPDATE").await.unwrap();
    let guest = server.guest();
    let attempts: Vec<_> = (0..3)
        .map(|_| {
            let guest = guest.clone();
            tokio::spawn(async move {
                let body = json!({ "login": "ada", "password": PASSWORD });
                guest.request(Method::POST, "auth/login").json(&body).send().await
            })
        })
        .collect();
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until("in progress", async || other.database.count(waiting).await == 3).await;
    drop(server);
    attempts.iter().for_each(JoinHandle::abort);
    blocker.execute("ROLLBACK").await.unwrap();
    let guest = other.guest();
    let login = guest.log_in("ada", PASSWORD);
    tokio::pin!(login);
    let second = std::time::Duration::from_secs(1);
    assert!(tokio::time::timeout(second, &mut login).await.is_err(), "not waited for");
    other.clock.advance(TimeDelta::seconds(61));
    login.await.expect(200, "");
}

#[tokio::test]
async fn replicas_share_the_count_of_failed_attempts() {
    let server = TestServer::with(&[LOCKOUT_DELAYS]).await;
    let other = server.replica(&[]).await;
    fail_login(&server.guest(), "ada").await;
    fail_login(&other.guest(), "ada").await;
    fail_login(&server.guest(), "ada").await;
    assert_throttled(other.guest().log_in("ada", "wrong").await, 60);
    assert_throttled(server.guest().log_in("ada", "wrong").await, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_each_server_continues_from_its_own_count() {
    let mut redis = Redis::start();
    let server = TestServer::with(&[LOCKOUT_DELAYS, ("REDIS_URL", &redis.url())]).await;
    server.register("ada").await;
    let guest = server.guest();
    fail_login(&guest, "ada").await;
    fail_login(&guest, "ada").await;
    redis.kill();
    fail_login(&guest, "ada").await;
    for _ in 0..20 {
        assert_throttled(guest.log_in("ada", PASSWORD).await, 60);
    }
    server.clock.advance(TimeDelta::minutes(1));
    fail_login(&guest, "ada").await;
    assert_throttled(guest.log_in("ada", "wrong").await, 180);
    guest.log_in("bob", "wrong").await.expect(401, "credentials_invalid");
    // Redis is back and empty: it learns of the last two failures, and the others are forgotten.
    redis.restart();
    counted_by(&redis, 2).await;
    fail_login(&guest, "ada").await;
    assert_throttled(guest.log_in("ada", PASSWORD).await, 60);
}

/// Waits until Redis knows of so many failed attempts at a login.
async fn counted_by(redis: &Redis, failures: u32) {
    until("counted by Redis", async || {
        for key in redis.call::<Vec<String>>(&["KEYS", "auth:{throttle}:*"]).await {
            // Not that of registrations, nor one of attempts in progress. Other logins have counters, too, and
            // keys come in any order.
            if redis.call::<String>(&["TYPE", &key]).await == "hash"
                && redis.call::<u32>(&["HGET", &key, "failures"]).await == failures
            {
                return true;
            }
        }
        false
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_while_redis_hung_are_known_to_all_servers_afterwards() {
    let redis = Redis::start();
    let settings = [LOCKOUT_DELAYS, ("REDIS_URL", &redis.url())];
    let server = TestServer::with(&settings).await;
    let other = server.replica(&[]).await;
    server.register("ada").await;
    redis.suspend();
    for _ in 0..3 {
        fail_login(&server.guest(), "ada").await;
    }
    redis.resume();
    counted_by(&redis, 3).await;
    assert_throttled(other.guest().log_in("ada", PASSWORD).await, 60);
}

/// Logs in through a proxy.
async fn log_in_from(guest: &Caller, address: &str, login: &str, password: &str) -> Answer {
    let body = json!({ "login": login, "password": password });
    let request = guest.request(Method::POST, "auth/login").json(&body);
    guest.send(request.header("x-forwarded-for", address)).await
}

async fn fail_login_from(guest: &Caller, address: &str, login: &str) {
    let answer = log_in_from(guest, address, login, "wrong").await;
    answer.expect(401, "credentials_invalid");
}

async fn behind_a_proxy(settings: &[(&str, &str)]) -> TestServer {
    let mut all = vec![("AUTH_TRUSTED_PROXIES", "127.0.0.1"), LOCKOUT_DELAYS];
    all.extend(settings);
    TestServer::with(&all).await
}

#[tokio::test]
async fn attacking_a_login_does_not_lock_out_its_owner() {
    let server = behind_a_proxy(&[]).await;
    let guest = server.guest();
    let new = json!({ "login": "ada", "password": PASSWORD });
    let request = guest.request(Method::POST, "auth/register").json(&new);
    guest.send(request.header("x-forwarded-for", "192.0.2.1")).await.expect(201, "");
    for attacker in 1..=10 {
        fail_login_from(&guest, &format!("203.0.113.{attacker}"), "ada").await;
    }
    // Guessing continues from no other address …
    for address in ["203.0.113.200", "2001:db8::1", "192.0.2.2"] {
        let answer = log_in_from(&guest, address, "ada", PASSWORD).await;
        let answer = assert_throttled(answer, 60);
        assert_eq!(answer.header("ratelimit-policy"), "\"login\";q=10;w=3600");
    }
    // … and the owner can log in.
    for _ in 0..3 {
        log_in_from(&guest, "192.0.2.1", "ada", PASSWORD).await.expect(200, "");
    }
    // At the owner's own address failed attempts count.
    for _ in 0..3 {
        fail_login_from(&guest, "192.0.2.1", "ada").await;
    }
    assert_throttled(log_in_from(&guest, "192.0.2.1", "ada", PASSWORD).await, 60);
    server.clock.advance(TimeDelta::minutes(1));
    log_in_from(&guest, "192.0.2.1", "ada", PASSWORD).await.expect(200, "");
    // An unknown login is throttled alike.
    for attacker in 1..=10 {
        fail_login_from(&guest, &format!("203.0.113.{attacker}"), "nobody").await;
    }
    assert_throttled(log_in_from(&guest, "192.0.2.1", "nobody", PASSWORD).await, 60);
}

#[tokio::test]
async fn a_known_address_is_forgotten_after_a_month() {
    let server = behind_a_proxy(&[("AUTH_THROTTLE_LOGIN_ATTEMPTS", "1")]).await;
    server.register("ada").await;
    let guest = server.guest();
    let own = "127.0.0.1";
    for (days, status) in [(0, 200), (29, 200), (31, 429)] {
        server.clock.advance(TimeDelta::days(days));
        fail_login_from(&guest, "203.0.113.1", "ada").await;
        assert_eq!(log_in_from(&guest, own, "ada", PASSWORD).await.status, status, "{days}");
    }
}

#[tokio::test]
async fn one_address_cannot_try_every_login_and_an_ipv6_network_counts_as_one() {
    let server = behind_a_proxy(&[("AUTH_THROTTLE_ADDRESS_ATTEMPTS", "4")]).await;
    server.register("ada").await;
    let guest = server.guest();
    for (own, same, other) in [
        ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
        ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"),
    ] {
        for number in 0..4 {
            fail_login_from(&guest, own, &format!("{own}-{number}")).await;
        }
        let answer = assert_throttled(log_in_from(&guest, same, "ada", PASSWORD).await, 60);
        assert_eq!(answer.header("ratelimit-policy"), "\"address\";q=4;w=3600");
        log_in_from(&guest, other, "ada", PASSWORD).await.expect(200, "");
        // Logging in to an own account does not reset the count.
        server.clock.advance(TimeDelta::minutes(1));
        log_in_from(&guest, own, "ada", PASSWORD).await.expect(200, "");
        fail_login_from(&guest, own, "another").await;
        assert_throttled(log_in_from(&guest, own, "ada", PASSWORD).await, 180);
    }
}

#[tokio::test]
async fn a_forged_client_address_is_ignored() {
    let server = TestServer::with(&[LOCKOUT_DELAYS, ("AUTH_TRUSTED_PROXIES", "10.0.0.0/8")]).await;
    let guest = server.guest();
    let forged = async |number: u8| {
        let body = json!({ "login": "ada", "password": "wrong" });
        let request = guest.request(Method::POST, "auth/login").json(&body);
        let (address, pair) = (format!("192.0.2.{number}"), format!("for=192.0.2.{number}"));
        guest.send(request.header("x-forwarded-for", address).header("forwarded", pair)).await
    };
    for number in 0..3 {
        forged(number).await.expect(401, "credentials_invalid");
    }
    assert_throttled(forged(3).await, 60);
    // Only the entry added by the trusted proxy counts.
    let server = behind_a_proxy(&[]).await;
    let guest = server.guest();
    for number in 0..3 {
        fail_login_from(&guest, &format!("198.51.100.{number}, 192.0.2.1"), "ada").await;
    }
    assert_throttled(log_in_from(&guest, "198.51.100.9, 192.0.2.1", "ada", "wrong").await, 60);
    log_in_from(&guest, "192.0.2.1, 198.51.100.9", "ada", "wrong")
        .await
        .expect(401, "credentials_invalid");
}

#[tokio::test]
async fn a_trusted_proxy_supplies_the_client_address_of_a_session() {
    let server = behind_a_proxy(&[]).await;
    server.register("ada").await;
    let guest = server.guest();
    let body = json!({ "login": "ada", "password": PASSWORD });
    let request = guest.request(Method::POST, "auth/login").json(&body);
    let request = request.header("forwarded", "for=\"[2001:db8::7]:4711\";proto=https");
    guest.send(request).await.expect(200, "");
    let of_client = "SELECT count(*) FROM sessions WHERE address = '2001:db8::7'";
    assert_eq!(server.database.count(of_client).await, 1);
}
