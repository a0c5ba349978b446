//! `auth-server sessions …`, and what a server logs about sessions.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::program::{AUTH_SERVER, Settings};
use tests::{Caller, Database, PASSWORD};

use crate::{guest, settings};

async fn account(guest: &Caller, path: &str, login: &str) -> (Caller, Value) {
    let body = json!({ "login": login, "password": PASSWORD });
    let tokens = guest.post(path, &body).await.ok();
    let token = tokens.get("access_token").and_then(Value::as_str).unwrap();
    (guest.with_token(token), json!({ "refresh_token": tokens.get("refresh_token").unwrap() }))
}

#[tokio::test]
async fn ending_a_users_sessions_reaches_running_servers_within_a_second() {
    let database = Database::migrated().await;
    let mut server = AUTH_SERVER.serve(&settings(&database));
    let guest = guest(&mut server);
    let (first, first_refresh) = account(&guest, "auth/register", "Ada").await;
    let (second, second_refresh) = account(&guest, "auth/login", "ada").await;
    let (other, other_refresh) = account(&guest, "auth/register", "grace").await;
    for caller in [&first, &second, &other] {
        caller.get("me").await.expect(200, "");
    }
    // The command needs only the database, and no secret.
    let settings: Settings = vec![("DATABASE_URL".to_owned(), database.url.clone())];
    let ran = AUTH_SERVER.run(&["sessions", "end", "ADA"], &settings, "");
    let ended = Instant::now();
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("ADA"), "{ran:?}");
    while first.get("me").await.status != 401 {
        assert!(ended.elapsed() < Duration::from_secs(1));
    }
    for (caller, refresh) in [(&first, &first_refresh), (&second, &second_refresh)] {
        caller.get("me").await.expect(401, "token_revoked");
        guest.post("auth/refresh", refresh).await.expect(401, "refresh_token_invalid");
    }
    other.get("me").await.expect(200, "");
    guest.post("auth/refresh", &other_refresh).await.expect(200, "");
    account(&guest, "auth/login", "ada").await.0.get("me").await.expect(200, "");
}

#[tokio::test]
async fn ending_the_sessions_of_an_unknown_login_fails() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    for login in ["nobody", "", "'; DROP TABLE users; --"] {
        let ran = AUTH_SERVER.run(&["sessions", "end", login], &settings, "");
        assert!(ran.status == Some(1) && ran.stderr.contains("no account"), "{ran:?}");
    }
    assert_eq!(database.count("SELECT count(*) FROM revocations").await, 0);
}

#[tokio::test]
async fn reuse_of_an_old_refresh_token_is_logged() {
    let database = Database::migrated().await;
    let mut server = AUTH_SERVER.serve(&settings(&database));
    let guest = guest(&mut server);
    let (user, first) = account(&guest, "auth/register", "ada").await;
    let id = user.get("me").await.ok().get("id").unwrap().clone();
    let mut refresh = first.clone();
    for _ in 0..2 {
        let next = guest.post("auth/refresh", &refresh).await.ok();
        refresh = json!({ "refresh_token": next.get("refresh_token").unwrap() });
    }
    // Two generations old: the grace period does not cover it.
    guest.post("auth/refresh", &first).await.expect(401, "refresh_token_invalid");
    guest.post("auth/refresh", &refresh).await.expect(401, "refresh_token_invalid");
    user.get("me").await.expect(401, "token_revoked");
    let session = tests::token::read(user.token()).1.get("sid").unwrap().clone();
    let told = |event: &Value| {
        event.get("level").is_some_and(|level| level == "WARN")
            && event.get("user") == Some(&id)
            && event.get("session") == Some(&session)
            && event.get("message").is_some_and(|text| text.to_string().contains("used again"))
    };
    let started = Instant::now();
    while !server.events().iter().any(told) {
        assert!(started.elapsed() < Duration::from_secs(5), "{:#?}", server.log());
    }
    assert_eq!(server.events().iter().filter(|event| told(event)).count(), 1);
}
