//! `POST /api/v1/auth/login` with an e-mail address.

use serde_json::{Value, json};
use tests::{Answer, MailServer, PASSWORD, TestServer, User};

use crate::email::{account, claim, confirmed, move_to};

const EMAIL: &str = "ada@example.com";

async fn log_in(server: &TestServer, login: &str, password: &str) -> Answer {
    let body = json!({ "login": login, "password": password });
    server.guest().post("auth/login", &body).await
}

async fn whose(server: &TestServer, answer: Answer) -> Value {
    let token = answer.ok()["access_token"].as_str().unwrap().to_owned();
    server.as_user(&token).get("me").await.ok()["login"].clone()
}

async fn rename(user: &User, login: &str) -> Answer {
    user.put("me/login", &json!({ "login": login, "current_password": PASSWORD })).await
}

#[tokio::test]
async fn a_confirmed_address_signs_in_as_the_login_does() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = claim(&server, "ada", EMAIL).await;
    log_in(&server, EMAIL, PASSWORD).await.expect(401, "credentials_invalid");
    crate::email::verify(&server, &mail.mail(EMAIL, 0).await.token()).await.expect(204, "");
    for typed in [EMAIL, "ADA@Example.com", "ada"] {
        assert_eq!(whose(&server, log_in(&server, typed, PASSWORD).await).await, "ada");
    }
    log_in(&server, EMAIL, "wrong").await.expect(401, "credentials_invalid");
    let history = user.get("me/history").await.ok();
    let outcomes: Vec<&str> = history["items"]
        .as_array()
        .unwrap_or_else(|| panic!("{history}"))
        .iter()
        .map(|entry| entry["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes[..2], ["credentials_invalid", "succeeded"]);
    move_to(&user, None).await.expect(200, "");
    log_in(&server, EMAIL, PASSWORD).await.expect(401, "credentials_invalid");
}

#[tokio::test]
async fn a_refusal_does_not_tell_whose_address_it_is() {
    let mail = MailServer::start();
    let server = mail.server(&[("AUTH_THROTTLE_WAITS", "60,180")]).await;
    confirmed(&server, &mail, "ada", EMAIL).await;
    // What was tried with one name says nothing about another, be it the same account's.
    for typed in ["ada", EMAIL, "nobody@example.com"] {
        for _ in 0..3 {
            log_in(&server, typed, "wrong").await.expect(401, "credentials_invalid");
        }
        let answer = log_in(&server, typed, PASSWORD).await.expect(429, "too_many_attempts");
        assert_eq!(answer.header("ratelimit-policy"), "\"login-and-address\";q=3;w=3600");
    }
}

#[tokio::test]
async fn nobody_takes_somebody_else_s_confirmed_address_for_a_login() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let ada = confirmed(&server, &mail, "ada", EMAIL).await;
    let body = account("ADA@example.com", "eve@example.com");
    let answer = server.guest().post("auth/register", &body).await;
    assert_eq!(answer.expect(409, "login_taken").field(), "login");
    let eve = server.register("eve").await;
    assert_eq!(rename(&eve, EMAIL).await.expect(409, "login_taken").field(), "login");
    // One's own will do.
    rename(&ada, EMAIL).await.expect(204, "");
    assert_eq!(whose(&server, log_in(&server, EMAIL, PASSWORD).await).await, EMAIL);
}

#[tokio::test]
async fn a_login_that_was_there_before_does_not_stand_in_the_way_of_whoever_has_the_address() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let eve = server.register(EMAIL).await;
    let change =
        json!({ "current_password": PASSWORD, "new_password": "seven green bottles hanging" });
    eve.put("me/password", &change).await.expect(204, "");
    confirmed(&server, &mail, "ada", EMAIL).await;
    assert_eq!(whose(&server, log_in(&server, EMAIL, PASSWORD).await).await, "ada");
    let answer = log_in(&server, EMAIL, "seven green bottles hanging").await;
    answer.expect(401, "credentials_invalid");
    // What was tried with the address is none of her business.
    assert_eq!(eve.get("me/history").await.ok()["items"].as_array().unwrap().len(), 1);
    let body = json!({ "login": "eve", "current_password": "seven green bottles hanging" });
    eve.put("me/login", &body).await.expect(204, "");
    let answer = log_in(&server, "eve", "seven green bottles hanging").await;
    assert_eq!(whose(&server, answer).await, "eve");
}
