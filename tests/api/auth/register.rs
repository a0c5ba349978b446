//! `POST /api/v1/auth/register`

use std::time::Instant;

use chrono::TimeDelta;
use futures::future::join_all;
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Caller, PASSWORD, TestServer};

use crate::email::verification_token;

fn account(login: &str, email: &str) -> Value {
    json!({ "login": login, "email": email, "password": PASSWORD })
}

#[tokio::test]
async fn registration_signs_the_new_user_in() {
    let server = TestServer::start().await;
    let body = json!({
        "login": "Ada", "email": "Ada@Example.com", "password": PASSWORD, "first_name": "Ada",
        "last_name": "Lovelace",
    });
    let answer = server.guest().post("auth/register", &body).await;
    assert_snapshot!(answer, @r#"
    201
    {
      "access_token": "[access token]",
      "expires_in": 300,
      "refresh_token": "[refresh token]",
      "token_type": "Bearer",
      "user": {
        "allowed_user_agents": null,
        "created_at": "[time]",
        "disabled": false,
        "email": "Ada@Example.com",
        "email_verified": false,
        "favorite_genre": null,
        "first_name": "Ada",
        "id": "[id]",
        "last_login_at": "[time]",
        "last_name": "Lovelace",
        "login": "Ada",
        "pending_email": null,
        "roles": []
      }
    }
    "#);
    assert_eq!(answer.header("cache-control"), "no-store");
    let caller = server.as_user(answer.json()["access_token"].as_str().unwrap());
    assert_eq!(caller.get("me").await.ok(), answer.json()["user"]);
}

#[tokio::test]
async fn a_login_or_address_that_is_taken_is_refused_case_insensitively() {
    let server = TestServer::start().await;
    let guest = server.guest();
    guest.post("auth/register", &account("Renée", "r@example.com")).await.expect(201, "");
    for login in ["renée", "RENÉE", "rene\u{301}e"] {
        let answer = guest.post("auth/register", &account(login, "other@example.com")).await;
        assert_eq!(answer.expect(409, "login_taken").field(), "login");
    }
    let answer = guest.post("auth/register", &account("bob", "R@EXAMPLE.com")).await;
    assert_snapshot!(answer.expect(409, "email_taken"), @r#"
    409
    {
      "code": "email_taken",
      "field": "email",
      "status": 409,
      "title": "The e-mail address is already in use.",
      "type": "about:blank"
    }
    "#);
    assert_eq!(server.database.count("SELECT count(*) FROM users").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_concurrent_registrations_of_one_login_one_succeeds() {
    let server = TestServer::start().await;
    let requests = (0..20).map(|number| {
        let (guest, login) = (server.guest(), if number % 2 == 0 { "grace" } else { "GRACE" });
        async move {
            let body = account(login, &format!("g{number}@example.com"));
            guest.post("auth/register", &body).await
        }
    });
    let answers = join_all(requests).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|a| a.status == 201);
    assert_eq!(won.len(), 1);
    for answer in lost {
        answer.expect(409, "login_taken");
    }
    assert_eq!(server.database.count("SELECT count(*) FROM users").await, 1);
    assert_eq!(server.database.count("SELECT count(*) FROM sessions").await, 1);
}

#[tokio::test]
async fn a_weak_password_is_refused_with_advice() {
    let server = TestServer::start().await;
    let long = "long ".repeat(26);
    for password in ["", "short", "password1", "ada.lovelace", &long] {
        let body = json!({ "login": "ada.lovelace", "password": password });
        let answer = server.guest().post("auth/register", &body).await;
        let answer = answer.expect(422, "password_rejected");
        assert_eq!(answer.field(), "password");
        assert!(answer.json()["detail"].as_str().unwrap().len() > 10, "{answer}");
    }
    let body = json!({ "login": "ada.lovelace", "password": "password1" });
    assert_snapshot!(server.guest().post("auth/register", &body).await, @r#"
    422
    {
      "code": "password_rejected",
      "detail": "This is one of the passwords that attackers try first. Use a different one, for example four unrelated words.",
      "field": "password",
      "status": 422,
      "title": "The password is not good enough.",
      "type": "about:blank"
    }
    "#);
    assert_eq!(server.database.count("SELECT count(*) FROM users").await, 0);
}

#[tokio::test]
async fn an_invalid_field_is_refused_and_named() {
    let server = TestServer::start().await;
    let good = json!({ "login": "ada", "password": PASSWORD });
    let long = "x".repeat(101);
    for (field, value) in [
        ("login", "ab"),
        ("login", " ada"),
        ("login", "a\u{202e}da"),
        ("login", &long),
        ("email", "nowhere"),
        ("email", ""),
        ("first_name", ""),
        ("first_name", &long),
        ("last_name", "a\nb"),
    ] {
        let mut body = good.clone();
        body[field] = value.into();
        let answer = server.guest().post("auth/register", &body).await;
        assert_eq!(answer.expect(422, "field_invalid").field(), field, "{value:?}");
    }
    assert_eq!(server.database.count("SELECT count(*) FROM users").await, 0);
}

#[tokio::test]
async fn a_new_login_contains_no_at_sign_but_an_existing_one_keeps_working() {
    let server = TestServer::start().await;
    for login in ["ada@example.com", "@da", "a@@"] {
        let answer = server.guest().post("auth/register", &account(login, "x@example.com")).await;
        assert_eq!(answer.expect(422, "field_invalid").field(), "login", "{login}");
    }
    let user = server.register("ada").await;
    let rename = json!({ "login": "ada@example.com", "current_password": PASSWORD });
    let answer = user.put("me/login", &rename).await;
    assert_eq!(answer.expect(422, "field_invalid").field(), "login");
    let earlier = "UPDATE users SET login = 'Ada@example.com', login_key = 'ada@example.com'";
    server.database.execute(earlier).await;
    server.log_in("ADA@example.com").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_full_hashing_queue_says_when_to_retry() {
    let settings = [("AUTH_PASSWORD_QUEUE", "1"), ("AUTH_PASSWORD_THREADS", "1")];
    let server = TestServer::with(&settings).await;
    let user = server.register("ada").await;
    let login = json!({ "login": "ada", "password": PASSWORD });
    let change = json!({ "current_password": PASSWORD, "new_password": PASSWORD });
    let (guest, user) = (&server.guest(), &user);
    let rename = json!({ "login": "ada", "current_password": PASSWORD });
    let goodbye = json!({ "current_password": "wrong" });
    let forgetful = server.register("grace").await;
    crate::email::change_email(&forgetful, Some("grace@example.com")).await.expect(200, "");
    let (mut seen, all) = (std::collections::BTreeSet::new(), 8);
    for round in 0..100 {
        let rounds = (0..8).map(|number| {
            let (login, change, rename) = (&login, &change, &rename);
            let (server, forgetful) = (&server, &forgetful);
            let goodbye = user.request(Method::DELETE, "me").json(&goodbye);
            async move {
                let new = account(&format!("new-{round}-{number}"), &format!("{round}.{number}@x"));
                let token = crate::email::reset_token(server, forgetful).await;
                let reset = json!({ "token": token, "new_password": PASSWORD });
                let token = verification_token(server, forgetful, "grace@example.com").await;
                let verify = json!({ "token": token, "current_password": PASSWORD });
                let elsewhere = format!("{round}.{number}@elsewhere.example");
                let elsewhere = json!({ "email": elsewhere, "current_password": PASSWORD });
                let all = tokio::join!(
                    guest.post("auth/login", login),
                    guest.post("auth/register", &new),
                    user.put("me/password", change),
                    user.put("me/login", rename),
                    user.send(goodbye),
                    guest.post("auth/password/reset", &reset),
                    user.patch("me", &elsewhere),
                    guest.post("auth/email/verify", &verify),
                );
                [all.0, all.1, all.2, all.3, all.4, all.5, all.6, all.7]
            }
        });
        for answer in join_all(rounds).await.into_iter().flatten() {
            if answer.status == 503 {
                let answer = answer.expect(503, "hashing_busy");
                assert_eq!(answer.header("retry-after"), "1");
                seen.insert((answer.method.to_string(), answer.path));
            }
        }
        if seen.len() == all {
            return;
        }
    }
    panic!("only {seen:?} were ever busy");
}

/// Registers through a proxy.
async fn register_from(guest: &Caller, address: &str, login: &str, password: &str) -> Answer {
    let body = json!({ "login": login, "password": password });
    let request = guest.request(Method::POST, "auth/register").json(&body);
    guest.send(request.header("x-forwarded-for", address)).await
}

#[tokio::test]
async fn registrations_from_one_network_are_limited_with_or_without_redis() {
    for redis in [None, Some(("REDIS_URL", ""))] {
        let settings =
            [("AUTH_TRUSTED_PROXIES", "127.0.0.1"), ("AUTH_THROTTLE_ADDRESS_REGISTRATIONS", "3")];
        let settings: Vec<_> = settings.into_iter().chain(redis).collect();
        let server = TestServer::with(&settings).await;
        let guest = server.guest();
        let own = "2001:db8::1";
        register_from(&guest, own, "ada", PASSWORD).await.expect(201, "");
        // Refused ones count as well.
        register_from(&guest, own, "bob", "password1").await.expect(422, "password_rejected");
        register_from(&guest, own, "ada", PASSWORD).await.expect(409, "login_taken");
        let same_network = "2001:db8::ffff:1";
        let answer = register_from(&guest, same_network, "bob", PASSWORD).await;
        let answer = answer.expect(429, "too_many_attempts");
        assert_eq!(answer.header("ratelimit-policy"), "\"registrations-by-address\";q=3;w=600");
        let wait: i64 = answer.header("retry-after").parse().unwrap();
        assert!((150..=200).contains(&wait), "{wait}");
        register_from(&guest, "2001:db8:0:1::1", "carol", PASSWORD).await.expect(201, "");
        server.clock.advance(TimeDelta::seconds(wait));
        register_from(&guest, own, "bob", PASSWORD).await.expect(201, "");
        register_from(&guest, own, "dave", PASSWORD).await.expect(429, "too_many_attempts");
        server.log_in("ada").await;
    }
}

#[tokio::test]
async fn registrations_in_total_are_limited_for_a_short_time() {
    let settings = [
        ("AUTH_TRUSTED_PROXIES", "127.0.0.1"),
        ("AUTH_THROTTLE_ADDRESS_REGISTRATIONS", "2"),
        ("AUTH_THROTTLE_REGISTRATIONS", "4"),
    ];
    let server = TestServer::with(&settings).await;
    let guest = server.guest();
    let register =
        async |address: &str, login: &str| register_from(&guest, address, login, PASSWORD).await;
    for number in 0..6 {
        let answer = register("192.0.2.1", &format!("first-{number}")).await;
        assert_eq!(answer.status, if number < 2 { 201 } else { 429 }, "{answer}");
    }
    // What the first network was refused does not count for the others.
    for number in 2..4 {
        register(&format!("192.0.2.{number}"), &format!("one-{number}")).await.expect(201, "");
    }
    let answer = register("192.0.2.4", "late").await.expect(429, "too_many_attempts");
    assert_eq!(answer.header("ratelimit-policy"), "\"registrations\";q=4;w=60");
    let wait: i64 = answer.header("retry-after").parse().unwrap();
    assert!(wait <= 15, "{wait}");
    server.clock.advance(TimeDelta::seconds(wait));
    register("192.0.2.4", "late").await.expect(201, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_registrations_leaves_the_hashing_queue_to_logins() {
    let settings = [("AUTH_PASSWORD_QUEUE", "16"), ("AUTH_PASSWORD_THREADS", "1")];
    let server = TestServer::with(&settings).await;
    for number in 0..8 {
        server.register(&format!("user-{number}")).await;
    }
    let guest = &server.guest();
    let flood = join_all((0..100).map(|number| async move {
        let body = json!({ "login": format!("new-{number}"), "password": PASSWORD });
        guest.post("auth/register", &body).await
    }));
    let logins = join_all(
        (0..8).map(|number| async move { guest.log_in(&format!("user-{number}"), PASSWORD).await }),
    );
    let (flood, logins) = tokio::join!(flood, logins);
    assert!(logins.iter().all(|answer| answer.status == 200), "{logins:#?}");
    let (created, busy): (Vec<_>, Vec<_>) =
        flood.into_iter().partition(|answer| answer.status == 201);
    assert!(!created.is_empty());
    for answer in busy {
        answer.expect(503, "hashing_busy");
    }
}

#[tokio::test]
async fn a_taken_login_or_address_is_refused_without_a_hash_but_after_a_weak_password() {
    let costly = [("AUTH_PASSWORD_PASSES", "16"), ("AUTH_PASSWORD_MEMORY_KIB", "65536")];
    let server = TestServer::with(&costly).await;
    let guest = server.guest();
    guest.post("auth/register", &account("ada", "ada@example.com")).await.expect(201, "");
    let confirmed = "UPDATE users SET email_verified_at = now()";
    server.database.execute(confirmed).await;
    let started = Instant::now();
    guest.log_in("ada", "wrong").await.expect(401, "credentials_invalid");
    let hash = started.elapsed();
    for (body, code) in [
        (account("ADA", "other@example.com"), "login_taken"),
        (account("bob", "ADA@example.com"), "email_taken"),
    ] {
        let started = Instant::now();
        guest.post("auth/register", &body).await.expect(409, code);
        assert!(started.elapsed() < hash / 2, "{:?} of {hash:?}", started.elapsed());
    }
    let weak = json!({ "login": "ada", "password": "password1" });
    guest.post("auth/register", &weak).await.expect(422, "password_rejected");
}

#[tokio::test]
async fn registrations_are_counted_by_outcome() {
    let server = TestServer::with(&[("AUTH_THROTTLE_ADDRESS_REGISTRATIONS", "4")]).await;
    let guest = server.guest();
    server.register("ada").await;
    for (password, status) in
        [("password1", 422), (PASSWORD, 409), (PASSWORD, 409), (PASSWORD, 429)]
    {
        let body = json!({ "login": "ada", "password": password });
        assert_eq!(guest.post("auth/register", &body).await.status, status);
    }
    let metrics = server.metrics().await;
    for (outcome, count) in
        [("succeeded", 1), ("password_rejected", 1), ("login_taken", 2), ("too_many_attempts", 1)]
    {
        let line = format!("auth_registrations_total{{outcome=\"{outcome}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line}{metrics}");
    }
}
