//! `POST /api/v1/auth/email/verify` and `POST /api/v1/me/email/verification`

use chrono::TimeDelta;
use futures::future::join_all;
use insta::assert_snapshot;
use serde_json::json;
use tests::{MailServer, PASSWORD, TestServer, User};

use crate::email::{change_email, confirmed, is_verified, register_with_email, verify};

async fn resend(user: &User) -> tests::Answer {
    user.post_empty("me/email/verification").await
}

#[tokio::test]
async fn the_token_from_the_message_verifies_the_address_once() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = register_with_email(&server, "ada", "ada@example.com").await;
    let sent = mail.mail("ada@example.com", 0).await;
    let token = sent.token();
    assert_eq!(token.len(), 43);
    assert_snapshot!(sent.text.replace(&token, "[token]"), @r"
    Hello,

    Someone added this e-mail address to an account at films. If this was you, confirm the address with this link; the page asks you to log in to that account or for its password:

    https://films.example/verify#token=[token]

    The link works once and expires in 24 hours. If this was not you, ignore this message: the address stays unconfirmed.
    ");
    assert_snapshot!(sent.html.replace(&token, "[token]"), @r#"
    <!DOCTYPE html>
    <html lang="en">
    <head><meta charset="utf-8"><title>Confirm your e-mail address</title></head>
    <body>
    <p>Hello,</p>
    <p>Someone added this e-mail address to an account at films. If this was you, confirm the address; the page asks you to log in to that account or for its password:</p>
    <p><a href="https:&#x2f;&#x2f;films.example&#x2f;verify#token=[token]">Confirm e-mail address</a></p>
    <p>The link works once and expires in 24 hours. If this was not you, ignore this message: the address stays unconfirmed.</p>
    </body>
    </html>
    "#);
    assert_eq!(sent.sender, "no-reply@films.example");
    for (name, value) in [
        ("from", "Films <no-reply@films.example>"),
        ("to", "ada@example.com"),
        ("subject", "films: confirm your e-mail address"),
        ("auto-submitted", "auto-generated"),
    ] {
        assert_eq!(sent.headers[name], value);
    }
    assert!(sent.headers["message-id"].as_str().unwrap().ends_with("@films.example>"));
    assert!(!is_verified(&user).await);
    let wrong = token.chars().rev().collect::<String>();
    verify(&user, &wrong).await.expect(401, "verification_token_invalid");
    verify(&user, &token).await.expect(204, "");
    assert!(is_verified(&user).await);
    verify(&user, &token).await.expect(401, "verification_token_invalid");
    assert_eq!(mail.mails().len(), 1);
}

#[tokio::test]
async fn a_token_confirms_nothing_without_the_session_or_the_password_of_the_account() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let (claimant, other) = (
        register_with_email(&server, "ada", "ada@example.com").await,
        server.register("bob").await,
    );
    let token = mail.mail("ada@example.com", 0).await.token();
    let alone = json!({ "token": token });
    let (guest, path) = (server.guest(), "auth/email/verify");
    assert_snapshot!(guest.post(path, &alone).await, @r#"
    403
    {
      "code": "account_proof_required",
      "status": 403,
      "title": "Log in to the account that claims this address, or send its password.",
      "type": "about:blank"
    }
    "#);
    other.post(path, &alone).await.expect(403, "account_proof_required");
    let wrong = json!({ "token": token, "current_password": "wrong" });
    guest.post(path, &wrong).await.expect(403, "current_password_wrong");
    claimant.post(path, &wrong).await.expect(403, "current_password_wrong");
    server.as_user("x").post(path, &alone).await.expect(401, "token_malformed");
    assert!(!is_verified(&claimant).await);
    // The token was not consumed.
    let right = json!({ "token": token, "current_password": PASSWORD });
    other.post(path, &right).await.expect(204, "");
    assert!(is_verified(&claimant).await);
}

#[tokio::test]
async fn guesses_of_the_password_with_a_token_are_throttled() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    register_with_email(&server, "ada", "ada@example.com").await;
    let token = mail.mail("ada@example.com", 0).await.token();
    let [wrong, right] =
        ["wrong", PASSWORD].map(|password| json!({ "token": token, "current_password": password }));
    let guest = server.guest();
    let mut answers = vec![];
    for _ in 0..10 {
        answers.push(guest.post("auth/email/verify", &wrong).await.status);
    }
    assert!(answers.contains(&403) && answers.ends_with(&[429]), "{answers:?}");
    guest.post("auth/email/verify", &right).await.expect(429, "too_many_attempts");
}

#[tokio::test]
async fn only_a_hash_of_the_token_is_stored() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    register_with_email(&server, "ada", "ada@example.com").await;
    let token = mail.mail("ada@example.com", 0).await.token();
    let kept = "SELECT count(*) FROM mail_tokens WHERE hash = sha256";
    assert_eq!(server.database.count(&format!("{kept}('{token}')")).await, 1);
    let text = "SELECT count(*) FROM mail_tokens WHERE mail_tokens::text LIKE";
    assert_eq!(server.database.count(&format!("{text} '%{token}%'")).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_concurrent_uses_of_a_verification_token_one_succeeds() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = register_with_email(&server, "ada", "ada@example.com").await;
    let token = mail.mail("ada@example.com", 0).await.token();
    let answers = join_all((0..20).map(|_| verify(&user, &token))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1);
    assert!(is_verified(&user).await);
}

#[tokio::test]
async fn a_verification_token_expires_after_a_day() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = register_with_email(&server, "ada", "ada@example.com").await;
    let token = mail.mail("ada@example.com", 0).await.token();
    server.clock.advance(TimeDelta::hours(24));
    let user = server.log_in(&user.login).await;
    verify(&user, &token).await.expect(401, "verification_token_invalid");
    assert!(!is_verified(&user).await);
    resend(&user).await.expect(202, "");
    let token = mail.mail("ada@example.com", 1).await.token();
    server.clock.advance(TimeDelta::hours(24) - TimeDelta::minutes(1));
    let user = server.log_in(&user.login).await;
    verify(&user, &token).await.expect(204, "");
}

#[tokio::test]
async fn a_token_verifies_only_the_address_it_was_sent_to() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = register_with_email(&server, "ada", "ada@example.com").await;
    let first = mail.mail("ada@example.com", 0).await.token();
    change_email(&user, Some("ada@example.org")).await.expect(200, "");
    verify(&user, &first).await.expect(401, "verification_token_invalid");
    assert!(!is_verified(&user).await);
    let second = mail.mail("ada@example.org", 0).await.token();
    verify(&user, &second).await.expect(204, "");
    assert!(is_verified(&user).await);
    // The same address in another case stays verified, and no message is sent.
    change_email(&user, Some("ADA@example.org")).await.expect(200, "");
    assert!(is_verified(&user).await);
    change_email(&user, None).await.expect(200, "");
    assert_eq!(mail.mails().len(), 2);
}

#[tokio::test]
async fn the_message_can_be_resent_while_a_verification_is_pending() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let without = server.register("bob").await;
    resend(&without).await.expect(409, "no_pending_verification");
    let user = register_with_email(&server, "ada", "ada@example.com").await;
    let first = mail.mail("ada@example.com", 0).await.token();
    assert_snapshot!(resend(&user).await.expect(202, ""), @"202");
    let second = mail.mail("ada@example.com", 1).await.token();
    // Either token works.
    verify(&user, &first).await.expect(204, "");
    resend(&user).await.expect(409, "no_pending_verification");
    verify(&user, &second).await.expect(204, "");
    server.database.execute("DELETE FROM users").await;
    resend(&user).await.expect(404, "user_not_found");
}

#[tokio::test]
async fn no_mailbox_can_be_flooded_with_messages() {
    let mail = MailServer::start();
    let server = mail.server(&[("AUTH_THROTTLE_DELAYS", "60,180")]).await;
    let user = register_with_email(&server, "ada", "ada@example.com").await;
    resend(&user).await.expect(202, "");
    resend(&user).await.expect(202, "");
    let answer = resend(&user).await.expect(429, "too_many_attempts");
    mail.mail("ada@example.com", 2).await;
    assert_eq!(answer.header("ratelimit-policy"), "\"mailbox\";q=3;w=3600");
    // Another account cannot flood it either.
    let other = server.register("bob").await;
    change_email(&user, None).await.expect(200, "");
    change_email(&other, Some("Ada@Example.com")).await.expect(200, "");
    server.clock.advance(TimeDelta::minutes(1));
    resend(&other).await.expect(202, "");
    mail.mail("Ada@Example.com", 0).await;
    assert_eq!(mail.mails().len(), 4);
}

#[tokio::test]
async fn a_disabled_account_cannot_verify_its_address() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    register_with_email(&server, "ada", "ada@example.com").await;
    let token = mail.mail("ada@example.com", 0).await.token();
    server.database.execute("UPDATE users SET disabled_at = now()").await;
    let body = json!({ "token": token, "current_password": PASSWORD });
    let answer = server.guest().post("auth/email/verify", &body).await;
    answer.expect(401, "verification_token_invalid");
}

#[tokio::test]
async fn changing_the_address_requires_the_password() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = confirmed(&server, &mail, "ada", "ada@example.com").await;
    for email in [Some("eve@example.com"), None] {
        let change = serde_json::json!({ "email": email });
        let answer = user.patch("me", &change).await.expect(422, "field_invalid");
        assert_eq!(answer.field(), "current_password");
        let change = serde_json::json!({ "email": email, "current_password": "wrong" });
        user.patch("me", &change).await.expect(403, "current_password_wrong");
    }
    // An update that keeps the address needs no password.
    let same = serde_json::json!({ "email": "ada@example.com", "first_name": "Ada" });
    user.patch("me", &same).await.expect(200, "");
    assert!(is_verified(&user).await);
}

#[tokio::test]
async fn an_account_works_without_an_e_mail_address() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    assert_eq!(user.get("me").await.ok()["email_verified"], false);
    server.log_in("ada").await;
}
