//! `POST /api/v1/auth/password/forgot` and `POST /api/v1/auth/password/reset`

use chrono::TimeDelta;
use futures::future::join_all;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::{Answer, MailServer, NEW_PASSWORD, PASSWORD, TestServer};

use crate::email::{change_email, confirmed, is_verified, register_with_email, reset_token};

const EMAIL: &str = "ada@example.com";
async fn forgot(server: &TestServer, email: &str) -> Answer {
    server.guest().post("auth/password/forgot", &json!({ "email": email })).await
}

async fn reset(server: &TestServer, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "new_password": password });
    server.guest().post("auth/password/reset", &body).await
}

/// Requests a reset and reads its token. Message 0 to a user is the one that verifies the address.
async fn token(server: &TestServer, mail: &MailServer, number: usize) -> String {
    forgot(server, EMAIL).await.expect(202, "");
    mail.mail(EMAIL, number).await.token()
}

fn log_in(password: &str) -> Value {
    json!({ "login": "ada", "password": password })
}

#[tokio::test]
async fn a_reset_token_sets_a_new_password_and_ends_all_sessions() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = confirmed(&server, &mail, "ada", EMAIL).await;
    let replica = server.replica(&[]).await;
    user.at(&replica.url).get("me").await.expect(200, "");
    forgot(&server, "ADA@example.com").await.expect(202, "");
    let sent = mail.mail(EMAIL, 1).await;
    let token = sent.token();
    assert_eq!(sent.headers["subject"], "films: reset your password");
    assert_snapshot!(sent.text.replace(&token, "[token]"), @r"
    Hello,

    Someone asked to reset the password of your account ada at films. If this was you, choose a new password with this link:

    https://films.example/reset#token=[token]

    The link works once and expires in 30 minutes. If this was not you, ignore this message: your password does not change.
    ");
    assert_snapshot!(sent.html.replace(&token, "[token]"), @r#"
    <!DOCTYPE html>
    <html lang="en">
    <head><meta charset="utf-8"><title>Reset your password</title></head>
    <body>
    <p>Hello,</p>
    <p>Someone asked to reset the password of your account ada at films. If this was you, choose a new password:</p>
    <p><a href="https:&#x2f;&#x2f;films.example&#x2f;reset#token=[token]">Choose a new password</a></p>
    <p>The link works once and expires in 30 minutes. If this was not you, ignore this message: your password does not change.</p>
    </body>
    </html>
    "#);
    user.get("me").await.expect(200, "");
    reset(&server, &token, NEW_PASSWORD).await.expect(204, "");
    user.get("me").await.expect(401, "token_revoked");
    tests::until("ended there, too", async || user.at(&replica.url).get("me").await.status == 401)
        .await;
    server.guest().refresh(&user.refresh_token).await.expect(401, "refresh_token_invalid");
    let guest = server.guest();
    guest.post("auth/login", &log_in(PASSWORD)).await.expect(401, "credentials_invalid");
    guest.post("auth/login", &log_in(NEW_PASSWORD)).await.expect(200, "");
    reset(&server, &token, "one blue elephant dancing").await.expect(401, "reset_token_invalid");
    let trail = "SELECT count(*) FROM audit WHERE operation = 'reset_password' AND via = 'api'";
    assert_eq!(server.database.count(trail).await, 1);
}

#[tokio::test]
async fn every_address_gets_the_same_answer_but_only_a_verified_one_gets_a_message() {
    let mail = MailServer::start();
    let server = mail.server(&[("AUTH_THROTTLE_DELAYS", "60,180")]).await;
    confirmed(&server, &mail, "ada", EMAIL).await;
    register_with_email(&server, "bob", "bob@example.com").await;
    mail.mail("bob@example.com", 0).await;
    confirmed(&server, &mail, "locked", "locked@example.com").await;
    let disable = "UPDATE users SET disabled_at = now() WHERE login = 'locked'";
    server.database.execute(disable).await;
    let mut seen = std::collections::BTreeSet::new();
    for email in ["nobody@example.org", "bob@example.com", "locked@example.com", EMAIL] {
        // A verified user has received one message already, an unknown address none.
        let mut answers = Vec::new();
        while answers.len() < 5 {
            let answer = forgot(&server, email).await;
            answers.push((
                answer.status,
                answer.text.clone(),
                answer.header("ratelimit").to_owned(),
            ));
            if answer.status == 429 {
                break;
            }
        }
        seen.insert((answers[0].clone(), answers.last().unwrap().clone()));
    }
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert_snapshot!(forgot(&server, "nobody@example.org").await, @r#"
    429
    {
      "code": "too_many_attempts",
      "detail": "Too many e-mails were requested; try again in 60 s.",
      "retry_after": 60,
      "status": 429,
      "title": "Too many attempts; try again later.",
      "type": "about:blank"
    }
    "#);
    mail.mail(EMAIL, 2).await;
    let to = |email: &str| mail.mails().iter().filter(|mail| mail.recipients == [email]).count();
    assert_eq!([to(EMAIL), to("bob@example.com"), to("locked@example.com")], [3, 1, 1]);
    forgot(&server, "no address").await.expect(422, "field_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_concurrent_uses_of_a_reset_token_one_succeeds() {
    let mail = MailServer::start();
    let server = mail.server(&[("AUTH_PASSWORD_QUEUE", "1000")]).await;
    confirmed(&server, &mail, "ada", EMAIL).await;
    let token = token(&server, &mail, 1).await;
    let passwords: Vec<String> =
        (0..20).map(|number| format!("one blue elephant dancing {number}")).collect();
    let answers = join_all(passwords.iter().map(|new| reset(&server, &token, new))).await;
    let won: Vec<_> =
        passwords.iter().zip(&answers).filter(|(_, answer)| answer.status == 204).collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    let won = won[0].0;
    for answer in answers.into_iter().filter(|answer| answer.status != 204) {
        answer.expect(401, "reset_token_invalid");
    }
    server.guest().post("auth/login", &log_in(won)).await.expect(200, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_reset_requests_are_throttled() {
    let server = TestServer::with(&[("AUTH_THROTTLE_DELAYS", "60,180")]).await;
    let answers = join_all((0..30).map(|_| forgot(&server, EMAIL))).await;
    let taken = answers.iter().filter(|answer| answer.status == 202).count();
    assert_eq!(taken, 3);
    for answer in answers.into_iter().filter(|answer| answer.status != 202) {
        answer.expect(429, "too_many_attempts");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn using_one_reset_token_invalidates_the_others() {
    let server = TestServer::with(&[("AUTH_PASSWORD_QUEUE", "1000")]).await;
    let user = server.register("ada").await;
    let mut tokens = Vec::new();
    for _ in 0..6 {
        tokens.push(reset_token(&server, &user).await);
    }
    let answers = join_all(tokens.iter().map(|token| reset(&server, token, NEW_PASSWORD))).await;
    let won = answers.iter().filter(|answer| answer.status == 204).count();
    assert_eq!(won, 1, "{answers:?}");
    assert_eq!(server.database.count("SELECT count(*) FROM mail_tokens").await, 0);
}

#[tokio::test]
async fn a_rejected_password_does_not_consume_the_token() {
    let server = TestServer::start().await;
    let user = server.register("ada.lovelace").await;
    let token = reset_token(&server, &user).await;
    for weak in ["short", "password1", "ada.lovelace"] {
        let answer = reset(&server, &token, weak).await;
        assert_eq!(answer.expect(422, "password_rejected").field(), "new_password");
    }
    user.get("me").await.expect(200, "");
    reset(&server, &token, NEW_PASSWORD).await.expect(204, "");
}

#[tokio::test]
async fn a_reset_token_expires_after_half_an_hour_or_when_password_or_address_changes() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = confirmed(&server, &mail, "ada", EMAIL).await;
    let late = token(&server, &mail, 1).await;
    server.clock.advance(TimeDelta::minutes(30));
    reset(&server, &late, NEW_PASSWORD).await.expect(401, "reset_token_invalid");
    let before = token(&server, &mail, 2).await;
    let user = server.log_in(&user.login).await;
    // Enough time for another message.
    server.clock.advance(TimeDelta::minutes(1));
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    user.put("me/password", &change).await.expect(204, "");
    reset(&server, &before, PASSWORD).await.expect(401, "reset_token_invalid");
    let before = token(&server, &mail, 3).await;
    let change = json!({ "email": null, "current_password": NEW_PASSWORD });
    user.patch("me", &change).await.expect(200, "");
    reset(&server, &before, PASSWORD).await.expect(401, "reset_token_invalid");
    server.guest().post("auth/login", &log_in(NEW_PASSWORD)).await.expect(200, "");
}

#[tokio::test]
async fn a_reset_token_of_a_disabled_account_is_invalid() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let token = reset_token(&server, &user).await;
    server.database.execute("UPDATE users SET disabled_at = now()").await;
    reset(&server, &token, NEW_PASSWORD).await.expect(401, "reset_token_invalid");
}

#[tokio::test]
async fn a_reset_of_an_account_that_was_confirmed_by_a_token_alone_leaves_no_other_access() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = server.register("ada").await;
    server.enroll(&user).await;
    server.database.execute("UPDATE users SET allowed_user_agents = '{curl}'").await;
    // As an earlier version of the server confirmed an address.
    for statement in [
        "UPDATE users SET email = 'ada@example.com', email_key = 'ada@example.com',
             email_verified_at = now()",
        "INSERT INTO identities (id, user_id, issuer, subject, created_at)
         SELECT gen_random_uuid(), id, 'https://evil.example', 'eve', now() FROM users",
        "INSERT INTO pending_emails (user_id, email, email_key, claimed_at)
         SELECT id, 'eve@example.com', 'eve@example.com', now() FROM users",
    ] {
        server.database.execute(statement).await;
    }
    let token = token(&server, &mail, 0).await;
    reset(&server, &token, NEW_PASSWORD).await.expect(204, "");
    user.get("me").await.expect(401, "token_revoked");
    let pair = server.guest().post("auth/login", &log_in(NEW_PASSWORD)).await.ok();
    let owner = server.as_user(pair["access_token"].as_str().unwrap());
    let me = owner.get("me").await.ok();
    assert_eq!((&me["pending_email"], &me["allowed_user_agents"]), (&Value::Null, &Value::Null));
    assert_eq!(owner.get("me/second-factor").await.ok()["active"], false);
    assert_eq!(owner.get("me/identities").await.ok()["items"], json!([]));
    // From now on the account is the owner's: another reset removes nothing.
    let change = json!({ "current_password": NEW_PASSWORD });
    let begun = owner.post("me/second-factor", &change).await.ok();
    let code = json!({ "code": tests::AuthenticatorApp::scan(&begun).code(&server) });
    owner.post("me/second-factor/confirm", &code).await.expect(200, "");
    let token = self::token(&server, &mail, 1).await;
    reset(&server, &token, PASSWORD).await.expect(204, "");
    let answer = server.guest().post("auth/login", &log_in(PASSWORD)).await.ok();
    assert_eq!(answer["mfa_required"], true);
}

#[tokio::test]
async fn a_reset_keeps_the_second_factor() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let (app, _) = server.enroll(&user).await;
    let challenge = server.challenge("ada").await;
    let token = reset_token(&server, &user).await;
    reset(&server, &token, NEW_PASSWORD).await.expect(204, "");
    let answer = server.guest().post("auth/login", &log_in(NEW_PASSWORD)).await.ok();
    assert_eq!(answer["mfa_required"], true);
    // A challenge for the old password is invalid.
    let body = json!({ "challenge": challenge, "code": app.code_after(&server, 1) });
    let answer = server.guest().post("auth/login/second-factor", &body).await;
    answer.expect(401, "challenge_invalid");
}

#[tokio::test]
async fn an_account_without_a_password_can_set_one_by_reset() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = confirmed(&server, &mail, "ada", EMAIL).await;
    server.database.execute("UPDATE users SET password_hash = NULL").await;
    let token = token(&server, &mail, 1).await;
    reset(&server, &token, NEW_PASSWORD).await.expect(204, "");
    user.get("me").await.expect(401, "token_revoked");
    server.guest().post("auth/login", &log_in(NEW_PASSWORD)).await.expect(200, "");
}

#[tokio::test]
async fn a_removed_address_cannot_reset_the_password() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = confirmed(&server, &mail, "ada", EMAIL).await;
    change_email(&user, None).await.expect(200, "");
    change_email(&user, Some("ada@example.org")).await.expect(200, "");
    assert!(!is_verified(&user).await);
    forgot(&server, EMAIL).await.expect(202, "");
    forgot(&server, "ada@example.org").await.expect(202, "");
    let other = confirmed(&server, &mail, "bob", "bob@example.com").await;
    forgot(&server, "bob@example.com").await.expect(202, "");
    mail.mail("bob@example.com", 1).await;
    drop(other);
    assert_eq!(mail.mails().len(), 4, "only what confirms addresses, and one to bob");
}
