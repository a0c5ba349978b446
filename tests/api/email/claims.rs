//! Ownership of e-mail addresses.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::Value;
use tests::{MailServer, TestServer};

use super::{account, change_email, confirmed, is_verified, register_with_email, verify};

const EMAIL: &str = "ada@example.com";

#[tokio::test]
async fn a_verified_address_cannot_be_claimed() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    confirmed(&server, &mail, "ada", EMAIL).await;
    server.clock.advance(TimeDelta::days(400));
    let answer = server.guest().post("auth/register", &account("eve", "ADA@example.com")).await;
    assert_eq!(answer.expect(409, "email_taken").field(), "email");
    let eve = server.register("eve").await;
    let answer = change_email(&eve, Some(EMAIL)).await;
    assert_eq!(answer.expect(409, "email_taken").field(), "email");
}

#[tokio::test]
async fn an_unverified_claim_lapses_after_a_week_if_another_user_wants_the_address() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    register_with_email(&server, "squatter", EMAIL).await;
    let early = mail.mail(EMAIL, 0).await;
    server.clock.advance(TimeDelta::days(7) - TimeDelta::minutes(1));
    let answer = server.guest().post("auth/register", &account("ada", EMAIL)).await;
    answer.expect(409, "email_taken");
    server.clock.advance(TimeDelta::minutes(1));
    let squatter = server.log_in("squatter").await;
    assert_eq!(squatter.get("me").await.ok()["email"], EMAIL, "nobody wanted it");
    let ada = register_with_email(&server, "ada", EMAIL).await;
    assert_eq!(squatter.get("me").await.ok()["email"], Value::Null);
    verify(&server, &early.token()).await.expect(401, "verification_token_invalid");
    verify(&server, &mail.mail(EMAIL, 1).await.token()).await.expect(204, "");
    assert!(is_verified(&ada).await);
    change_email(&squatter, Some(EMAIL)).await.expect(409, "email_taken");
}

#[tokio::test]
async fn repeating_a_claim_does_not_extend_it() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let squatter = register_with_email(&server, "squatter", EMAIL).await;
    server.clock.advance(TimeDelta::days(6));
    let squatter = server.log_in(&squatter.login).await;
    change_email(&squatter, Some("ADA@EXAMPLE.COM")).await.expect(200, "");
    change_email(&squatter, None).await.expect(200, "");
    change_email(&squatter, Some(EMAIL)).await.expect(200, "");
    change_email(&squatter, Some("other@example.com")).await.expect(200, "");
    change_email(&squatter, Some(EMAIL)).await.expect(200, "");
    server.clock.advance(TimeDelta::days(1));
    let ada = server.register("ada").await;
    change_email(&ada, Some(EMAIL)).await.expect(200, "");
    let squatter = server.log_in(&squatter.login).await;
    assert_eq!(squatter.get("me").await.ok()["email"], Value::Null);
}

#[tokio::test]
async fn without_a_mail_server_a_claim_does_not_lapse() {
    let server = TestServer::start().await;
    register_with_email(&server, "first", EMAIL).await;
    server.clock.advance(TimeDelta::days(400));
    let answer = server.guest().post("auth/register", &account("ada", EMAIL)).await;
    answer.expect(409, "email_taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_concurrent_claims_to_a_lapsed_address_one_succeeds() {
    let mail = MailServer::start();
    let server = mail.server(&[("AUTH_PASSWORD_QUEUE", "1000")]).await;
    register_with_email(&server, "squatter", EMAIL).await;
    server.clock.advance(TimeDelta::days(8));
    let users = join_all((0..10).map(async |n| server.register(&format!("user-{n}")).await)).await;
    let moves = users.iter().map(|user| async { change_email(user, Some(EMAIL)).await });
    let made = (0..10).map(|number| {
        let guest = server.guest();
        async move { guest.post("auth/register", &account(&format!("new-{number}"), EMAIL)).await }
    });
    let (moves, made) = tokio::join!(join_all(moves), join_all(made));
    let all: Vec<_> = moves.into_iter().chain(made).collect();
    let won = all.iter().filter(|answer| answer.status < 300).count();
    assert_eq!(won, 1, "{all:#?}");
    for answer in all.into_iter().filter(|answer| answer.status >= 300) {
        answer.expect(409, "email_taken");
    }
    let owners = format!("SELECT count(*) FROM users WHERE email_key = '{EMAIL}'");
    assert_eq!(server.database.count(&owners).await, 1);
}
