//! `POST /api/v1/auth/register`

use futures::future::join_all;
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{PASSWORD, TestServer};

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
async fn a_login_can_be_an_e_mail_address() {
    let server = TestServer::start().await;
    let body = account("ada@example.com", "ada@example.com");
    server.guest().post("auth/register", &body).await.expect(201, "");
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
    let (mut seen, all) = (std::collections::BTreeSet::new(), 7);
    for round in 0..100 {
        let rounds = (0..8).map(|number| {
            let (login, change, rename) = (&login, &change, &rename);
            let (server, forgetful) = (&server, &forgetful);
            let goodbye = user.request(Method::DELETE, "me").json(&goodbye);
            async move {
                let new = account(&format!("new-{round}-{number}"), &format!("{round}.{number}@x"));
                let token = crate::email::reset_token(server, forgetful).await;
                let reset = json!({ "token": token, "new_password": PASSWORD });
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
                );
                [all.0, all.1, all.2, all.3, all.4, all.5, all.6]
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
