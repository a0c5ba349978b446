//! Reauthentication, for all operations that require it: by the password, by a code of the second
//! factor, or, if the account has neither, by a session opened less than five minutes ago.

use chrono::TimeDelta;
use futures::future::join_all;
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, Executor};
use tests::{Answer, AuthenticatorApp, NEW_PASSWORD, PASSWORD, TestServer, User, current_password};

const NO_IDENTITY: &str = "me/identities/00000000-0000-4000-8000-000000000000";
/// Every operation that requires reauthentication, with the rest of its body; the least intrusive
/// first.
fn operations() -> [(Method, &'static str, Value); 10] {
    [
        (Method::POST, "me/second-factor", json!({})),
        (Method::POST, "me/second-factor/recovery-codes", json!({})),
        (Method::PUT, "me/user-agents", json!({ "allowed": null })),
        (Method::PATCH, "me", json!({ "email": "ada@example.org" })),
        (Method::PUT, "me/login", json!({ "login": "lovelace" })),
        (Method::PUT, "me/password", json!({ "new_password": NEW_PASSWORD })),
        (Method::DELETE, "me/second-factor", json!({})),
        (Method::POST, "me/identities", json!({ "provider": "nobody" })),
        (Method::DELETE, NO_IDENTITY, json!({})),
        (Method::DELETE, "me", json!({})),
    ]
}

/// Calls one of them with this credential.
async fn call(
    user: &User,
    (method, path, rest): (Method, &str, Value),
    credential: &Value,
) -> Answer {
    let mut body = rest;
    body.as_object_mut().unwrap().extend(credential.as_object().unwrap().clone());
    user.send(user.request(method, path).json(&body)).await
}

/// Removes the password, as if the account had been created by a provider.
async fn remove_password(server: &TestServer, login: &str) {
    let statement = format!("UPDATE users SET password_hash = NULL WHERE login = '{login}'");
    server.database.execute(&statement).await;
}

#[tokio::test]
async fn a_code_replaces_the_password_once() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let (app, recovery) = server.enroll(&user).await;
    let change = json!({ "login": "lovelace", "code": app.code_after(&server, 1) });
    user.put("me/login", &change).await.expect(204, "");
    assert_eq!(user.get("me").await.ok()["login"], "lovelace");
    let second = json!({ "new_password": NEW_PASSWORD, "code": app.code_after(&server, 1) });
    user.put("me/password", &second).await.expect(403, "invalid_code");
    let change = json!({ "new_password": NEW_PASSWORD, "code": recovery[0] });
    user.put("me/password", &change).await.expect(204, "");
    user.put("me/password", &change).await.expect(403, "invalid_code");
    let log_in = json!({ "login": "lovelace", "password": NEW_PASSWORD });
    assert_eq!(server.guest().post("auth/login", &log_in).await.ok()["mfa_required"], true);
    let again = json!({ "code": recovery[1] });
    user.post("me/second-factor", &again).await.expect(409, "second_factor_active");
    let farewell = user.request(Method::DELETE, "me").json(&json!({ "code": recovery[2] }));
    user.send(farewell).await.expect(204, "");
    assert_eq!(server.database.count("SELECT count(*) FROM users").await, 0);
}

#[tokio::test]
async fn wrong_codes_change_nothing_and_are_throttled() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    // Without a second factor every code is invalid.
    for operation in operations() {
        let none = json!({ "code": "000000" });
        call(&user, operation, &none).await.expect(403, "invalid_code");
    }
    let (app, _) = server.enroll(&user).await;
    let wrong = json!({ "code": app.wrong_code(&server) });
    for operation in operations().into_iter().take(3) {
        call(&user, operation, &wrong).await.expect(403, "invalid_code");
    }
    let right = json!({ "code": app.code_after(&server, 1) });
    for operation in operations() {
        call(&user, operation, &right).await.expect(429, "too_many_attempts");
    }
    assert_eq!(user.get("me").await.ok()["login"], "ada");
    assert_eq!(user.get("me/second-factor").await.ok()["active"], true);
    server.challenge("ada").await;
}

#[tokio::test]
async fn a_user_with_a_password_or_a_second_factor_must_reauthenticate() {
    let server = TestServer::start().await;
    let (user, other) = (server.register("ada").await, server.register("bob").await);
    server.enroll(&other).await;
    remove_password(&server, "bob").await;
    let both = json!({ "current_password": PASSWORD, "code": "000000" });
    for (user, field) in [(&user, "current_password"), (&other, "code")] {
        for operation in operations() {
            let answer = call(user, operation.clone(), &json!({})).await;
            assert_eq!(answer.expect(422, "field_invalid").field(), field);
            let answer = call(user, operation, &both).await;
            assert_eq!(answer.expect(422, "field_invalid").field(), "code");
        }
    }
    assert_eq!(server.database.count("SELECT count(*) FROM users").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_change_by_code_fails_if_the_password_has_changed() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let (_, recovery) = server.enroll(&user).await;
    let changes = recovery.iter().take(6).enumerate().map(async |(number, code)| {
        let new = format!("one blue elephant dancing {number}");
        let answer = user.put("me/password", &json!({ "new_password": new, "code": code })).await;
        if answer.status == 204 {
            return Some(new);
        }
        answer.expect(403, "current_password_wrong");
        None
    });
    let won: Vec<String> = join_all(changes).await.into_iter().flatten().collect();
    assert!((1..6).contains(&won.len()), "{won:?}");
    let mut right = 0;
    for new in won {
        let log_in = json!({ "login": "ada", "password": new });
        right += u8::from(server.guest().post("auth/login", &log_in).await.status == 200);
    }
    assert_eq!(right, 1);
}

#[tokio::test]
async fn an_account_without_a_password_answers_like_a_wrong_password() {
    let server = TestServer::start().await;
    let (user, _) = (server.register("ada").await, server.register("bob").await);
    remove_password(&server, "ada").await;
    let log_in = async |login: &str, password: &str| {
        server.guest().log_in(login, password).await.expect(401, "credentials_invalid").text
    };
    assert_eq!(log_in("ada", PASSWORD).await, log_in("bob", "wrong").await);
    assert_eq!(log_in("ada", "").await, log_in("bob", "").await);
    for operation in operations() {
        let credential = current_password();
        let status = call(&user, operation, &credential).await.status;
        assert!([403, 429].contains(&status), "{status}");
    }
    assert_eq!(user.get("me").await.ok()["login"], "ada");
}

#[tokio::test]
async fn without_password_and_second_factor_a_session_reauthenticates_for_five_minutes() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    remove_password(&server, "ada").await;
    server.clock.advance(TimeDelta::minutes(5) - TimeDelta::seconds(2));
    user.put("me/login", &json!({ "login": "lovelace" })).await.expect(204, "");
    server.clock.advance(TimeDelta::seconds(3));
    // Refreshing does not renew the session.
    let tokens = server.guest().refresh(&user.refresh_token).await.ok();
    let user = User { caller: server.as_user(tokens["access_token"].as_str().unwrap()), ..user };
    for operation in operations() {
        call(&user, operation, &json!({})).await.expect(403, "reauthentication_required");
    }
    assert_snapshot!(user.put("me/login", &json!({ "login": "byron" })).await, @r#"
    403
    {
      "code": "reauthentication_required",
      "detail": "Log in again, then repeat the request within 5 minutes.",
      "status": 403,
      "title": "This operation requires a recent login.",
      "type": "about:blank"
    }
    "#);
    assert_eq!(user.get("me").await.ok()["login"], "lovelace");
}

#[tokio::test]
async fn an_account_without_a_password_can_set_one() {
    let server = TestServer::start().await;
    let (user, elsewhere) = (server.register("ada").await, server.log_in("ada").await);
    remove_password(&server, "ada").await;
    let weak = user.put("me/password", &json!({ "new_password": "ada12345" })).await;
    assert_eq!(weak.expect(422, "password_rejected").field(), "new_password");
    user.put("me/password", &json!({ "new_password": NEW_PASSWORD })).await.expect(204, "");
    elsewhere.get("me").await.expect(401, "token_revoked");
    server.guest().log_in("ada", NEW_PASSWORD).await.expect(200, "");
    // From here on the password is required.
    let again = user.put("me/password", &json!({ "new_password": PASSWORD })).await;
    assert_eq!(again.expect(422, "field_invalid").field(), "current_password");
}

#[tokio::test]
async fn a_second_factor_protects_an_account_without_a_password() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    remove_password(&server, "ada").await;
    let app = AuthenticatorApp::scan(&user.post("me/second-factor", &json!({})).await.ok());
    let code = json!({ "code": app.code(&server) });
    let confirmed = user.post("me/second-factor/confirm", &code).await.ok();
    let change = json!({ "new_password": NEW_PASSWORD });
    assert_eq!(user.put("me/password", &change).await.expect(422, "field_invalid").field(), "code");
    let change = json!({ "new_password": NEW_PASSWORD, "code": confirmed["recovery_codes"][0] });
    user.put("me/password", &change).await.expect(204, "");
    server.clock.advance(TimeDelta::minutes(1));
    let challenge = server.guest().log_in("ada", NEW_PASSWORD).await.ok();
    let body = json!({ "challenge": challenge["challenge"], "code": app.code(&server) });
    server.guest().post("auth/login/second-factor", &body).await.expect(200, "");
}

#[tokio::test]
async fn an_account_without_a_password_can_be_deleted_right_after_signing_in() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    remove_password(&server, "ada").await;
    user.delete_with("me", &json!({})).await.expect(204, "");
    assert_eq!(server.database.count("SELECT count(*) FROM users").await, 0);
}

/// What a concurrent request does to an account, and how a change is answered for which the caller
/// had reauthenticated before.
const MEANWHILE: [(&str, u16, &str); 2] = [
    ("UPDATE users SET password_hash = 'new' WHERE login = 'ada'", 403, "current_password_wrong"),
    ("UPDATE sessions SET ended_at = now(), end_reason = 'test'", 401, "token_revoked"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_reauthentication_is_void_once_a_concurrent_request_changed_the_password_or_ended_the_session()
 {
    let server = TestServer::start().await;
    for (statement, status, code) in MEANWHILE {
        // Starting a link changes nothing yet; its end is tested with the other links.
        let changes = operations().into_iter().filter(|(_, path, _)| *path != "me/identities");
        for operation in changes {
            let name = format!("{} {}", operation.0, operation.1);
            server.database.execute("DELETE FROM users").await;
            let user = server.register("ada").await;
            if operation.1.starts_with("me/second-factor") && operation != operations()[0] {
                server.enroll(&user).await;
            }
            let mut other = server.database.connect().await;
            let mut transaction = other.begin().await.unwrap();
            transaction.execute("SELECT FROM users FOR NO KEY UPDATE").await.unwrap();
            let credential = current_password();
            let (answer, ()) = tokio::join!(call(&user, operation, &credential), async {
                server.database.wait_for_lock().await;
                transaction.execute(statement).await.unwrap();
                transaction.commit().await.unwrap();
            });
            assert_eq!((answer.status, &*answer.code()), (status, code), "{name}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_was_changed_concurrently_is_not_restored_without_reauthentication() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let [old, new] = ["ada@example.com", "ada@example.org"];
    crate::email::change_email(&user, Some(old)).await.expect(200, "");
    let mut other = server.database.connect().await;
    let mut transaction = other.begin().await.unwrap();
    let change = format!("UPDATE users SET email = '{new}', email_key = '{new}'");
    transaction.execute(sqlx::AssertSqlSafe(change)).await.unwrap();
    let same = json!({ "email": old, "first_name": "Ada" });
    let (answer, ()) = tokio::join!(user.patch("me", &same), async {
        server.database.wait_for_lock().await;
        transaction.commit().await.unwrap();
    });
    answer.expect(403, "reauthentication_required");
    assert_eq!(user.get("me").await.ok()["email"], new);
}
