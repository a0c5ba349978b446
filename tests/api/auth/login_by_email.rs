//! `POST /api/v1/auth/login` with an e-mail address.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{Answer, MailServer, NEW_PASSWORD, PASSWORD, TestServer};

use crate::email::{change_email, confirmed, register_with_email, verify};

const EMAIL: &str = "ada@example.com";

async fn login_of(server: &TestServer, answer: Answer) -> Value {
    let token = answer.ok()["access_token"].as_str().unwrap().to_owned();
    server.as_user(&token).get("me").await.ok()["login"].clone()
}

#[tokio::test]
async fn a_user_can_log_in_with_an_address() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = confirmed(&server, &mail, "ada", EMAIL).await;
    for typed in [EMAIL, "ADA@Example.com", "ada"] {
        assert_eq!(login_of(&server, server.guest().log_in(typed, PASSWORD).await).await, "ada");
    }
    server.guest().log_in(EMAIL, "wrong").await.expect(401, "credentials_invalid");
    let history = user.get("me/history").await.ok();
    let outcomes: Vec<&str> = history["items"]
        .as_array()
        .unwrap_or_else(|| panic!("{history}"))
        .iter()
        .map(|entry| entry["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes[..2], ["credentials_invalid", "succeeded"]);
    change_email(&user, None).await.expect(200, "");
    server.guest().log_in(EMAIL, PASSWORD).await.expect(401, "credentials_invalid");
}

#[tokio::test]
async fn attempts_are_counted_by_what_was_typed_so_a_refusal_does_not_reveal_an_account() {
    let mail = MailServer::start();
    let server = mail.server(&[("AUTH_THROTTLE_DELAYS", "60,180")]).await;
    confirmed(&server, &mail, "ada", EMAIL).await;
    // Attempts with one name do not count for another, even of the same account.
    for typed in ["ada", EMAIL, "nobody@example.com"] {
        for _ in 0..3 {
            server.guest().log_in(typed, "wrong").await.expect(401, "credentials_invalid");
        }
        let answer = server.guest().log_in(typed, PASSWORD).await.expect(429, "too_many_attempts");
        assert_eq!(answer.header("ratelimit-policy"), "\"login-and-address\";q=3;w=3600");
    }
}

#[tokio::test]
async fn the_owner_of_a_confirmed_address_logs_in_with_it_even_if_an_older_login_equals_it() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let eve = server.register("eve").await;
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    eve.put("me/password", &change).await.expect(204, "");
    let earlier = format!("UPDATE users SET login = '{EMAIL}', login_key = '{EMAIL}'");
    server.database.execute(&earlier).await;
    let ada = register_with_email(&server, "ada", EMAIL).await;
    // Until it is confirmed, the login goes first.
    let answer = server.guest().log_in(EMAIL, NEW_PASSWORD).await;
    assert_eq!(login_of(&server, answer).await, EMAIL);
    verify(&ada, &mail.mail(EMAIL, 0).await.token()).await.expect(204, "");
    assert_eq!(login_of(&server, server.guest().log_in(EMAIL, PASSWORD).await).await, "ada");
    let answer = server.guest().log_in(EMAIL, NEW_PASSWORD).await;
    answer.expect(401, "credentials_invalid");
    // Attempts with the address are not in her history.
    assert_eq!(eve.get("me/history").await.ok()["items"].as_array().unwrap().len(), 2);
    let body = json!({ "login": "eve", "current_password": NEW_PASSWORD });
    eve.put("me/login", &body).await.expect(204, "");
    let answer = server.guest().log_in("eve", NEW_PASSWORD).await;
    assert_eq!(login_of(&server, answer).await, "eve");
}

#[tokio::test]
async fn until_an_address_is_confirmed_the_account_that_claimed_it_first_logs_in_with_it() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let first = register_with_email(&server, "first", EMAIL).await;
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    first.put("me/password", &change).await.expect(204, "");
    server.clock.advance(TimeDelta::seconds(1));
    let second = register_with_email(&server, "second", EMAIL).await;
    let log_in = async |password| server.guest().log_in(EMAIL, password).await;
    assert_eq!(login_of(&server, log_in(NEW_PASSWORD).await).await, "first");
    log_in(PASSWORD).await.expect(401, "credentials_invalid");
    // Repeating a claim makes it no newer; giving it up and claiming again does.
    let again = json!({ "email": "ADA@example.com" });
    first.patch("me", &again).await.expect(200, "");
    assert_eq!(login_of(&server, log_in(NEW_PASSWORD).await).await, "first");
    verify(&second, &mail.mail(EMAIL, 1).await.token()).await.expect(204, "");
    assert_eq!(login_of(&server, log_in(PASSWORD).await).await, "second");
    log_in(NEW_PASSWORD).await.expect(401, "credentials_invalid");
}

#[tokio::test]
async fn without_a_mail_server_the_account_that_has_the_address_logs_in_with_it() {
    let server = TestServer::start().await;
    register_with_email(&server, "ada", EMAIL).await;
    assert_eq!(login_of(&server, server.guest().log_in(EMAIL, PASSWORD).await).await, "ada");
}
