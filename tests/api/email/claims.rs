//! Ownership of e-mail addresses.

use std::cell::Cell;

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use tests::{MailServer, Redis, TestServer};

use super::{
    account, change_email, confirmed, is_verified, register_with_email, verification_token, verify,
};

const EMAIL: &str = "ada@example.com";

#[tokio::test]
async fn a_confirmed_address_cannot_be_claimed() {
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
async fn of_several_claimants_the_first_to_confirm_has_the_address_and_the_others_lose_it() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let squatter = register_with_email(&server, "squatter", EMAIL).await;
    let early = mail.mail(EMAIL, 0).await.token();
    let ada = register_with_email(&server, "ada", EMAIL).await;
    let bob = server.register("bob").await;
    assert_eq!(change_email(&bob, Some("ADA@example.com")).await.ok()["email_verified"], false);
    for claimant in [&squatter, &ada, &bob] {
        let me = claimant.get("me").await.ok();
        assert_eq!(me["email"].as_str().unwrap().to_lowercase(), EMAIL);
        assert_eq!((&me["email_verified"], &me["pending_email"]), (&false.into(), &Value::Null));
    }
    verify(&ada, &mail.mail(EMAIL, 1).await.token()).await.expect(204, "");
    assert!(is_verified(&ada).await);
    for loser in [&squatter, &bob] {
        assert_eq!(loser.get("me").await.ok()["email"], Value::Null);
        let again = loser.post_empty("me/email/verification").await;
        again.expect(409, "no_pending_verification");
        change_email(loser, Some(EMAIL)).await.expect(409, "email_taken");
    }
    verify(&squatter, &early).await.expect(401, "verification_token_invalid");
}

#[tokio::test]
async fn a_claim_of_an_earlier_version_of_the_server_blocks_nobody() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let squatter = server.register("squatter").await;
    let claim = format!("UPDATE users SET email = '{EMAIL}', email_key = '{EMAIL}'");
    server.database.execute(&claim).await;
    let ada = register_with_email(&server, "ada", EMAIL).await;
    verify(&ada, &mail.mail(EMAIL, 0).await.token()).await.expect(204, "");
    assert!(is_verified(&ada).await);
    assert_eq!(squatter.get("me").await.ok()["email"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_claimants_who_confirm_concurrently_one_succeeds() {
    let mail = MailServer::stopped();
    let server = mail.server(&[("AUTH_PASSWORD_QUEUE", "1000")]).await;
    let users = join_all((0..10).map(async |n| {
        let user = register_with_email(&server, &format!("user-{n}"), EMAIL).await;
        let token = verification_token(&server, &user, EMAIL).await;
        (user, token)
    }))
    .await;
    let answers =
        join_all(users.iter().map(|(user, token)| async { verify(user, token).await })).await;
    let won = answers.iter().filter(|answer| answer.status == 204).count();
    assert_eq!(won, 1, "{answers:#?}");
    for answer in answers.into_iter().filter(|answer| answer.status != 204) {
        answer.expect(401, "verification_token_invalid");
    }
    let owners = "SELECT count(*) FROM users WHERE email_verified_at IS NOT NULL";
    assert_eq!(server.database.count(owners).await, 1);
    assert_eq!(server.database.count("SELECT count(*) FROM pending_emails").await, 0);
}

#[tokio::test]
async fn an_address_that_another_account_has_confirmed_meanwhile_is_taken() {
    let server = MailServer::stopped().server(&[]).await;
    let (ada, bob) = (server.register("ada").await, server.register("bob").await);
    change_email(&bob, Some(EMAIL)).await.expect(200, "");
    let token = verification_token(&server, &bob, EMAIL).await;
    // As a server of an earlier version confirms it, which knows nothing of other claims.
    let confirmed = format!(
        "UPDATE users SET email = '{EMAIL}', email_key = '{EMAIL}', email_verified_at = now()
         WHERE id = '{}'",
        ada.id
    );
    server.database.execute(&confirmed).await;
    verify(&bob, &token).await.expect(409, "email_taken");
    assert!(is_verified(&ada).await);
}

#[tokio::test]
async fn a_confirmed_address_stays_until_the_new_one_is_confirmed() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = confirmed(&server, &mail, "ada", EMAIL).await;
    let new = "ada@example.org";
    let me = change_email(&user, Some(new)).await.ok();
    assert_eq!((&me["email"], &me["email_verified"]), (&EMAIL.into(), &true.into()));
    assert_eq!(me["pending_email"], new);
    server.guest().log_in(EMAIL, tests::PASSWORD).await.expect(200, "");
    let eve = server.register("eve").await;
    change_email(&eve, Some(EMAIL)).await.expect(409, "email_taken");
    // Giving the confirmed address again withdraws the change, which takes the password, too.
    let back = serde_json::json!({ "email": EMAIL });
    user.patch("me", &back).await.expect(422, "field_invalid");
    assert_eq!(change_email(&user, Some(EMAIL)).await.ok()["pending_email"], Value::Null);
    let token = mail.mail(new, 0).await.token();
    verify(&user, &token).await.expect(401, "verification_token_invalid");
    change_email(&user, Some(new)).await.expect(200, "");
    verify(&user, &token).await.expect(204, "");
    let me = user.get("me").await.ok();
    assert_eq!((&me["email"], &me["email_verified"]), (&new.into(), &true.into()));
    assert_eq!(me["pending_email"], Value::Null);
    change_email(&eve, Some(EMAIL)).await.expect(200, "");
    assert_eq!(change_email(&user, None).await.ok()["email"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_the_first_of_twenty_concurrent_claimants_has_the_address_for_good() {
    let server = TestServer::with(&[("AUTH_PASSWORD_QUEUE", "1000")]).await;
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
    server.clock.advance(TimeDelta::days(400));
    let answer = server.guest().post("auth/register", &account("late", EMAIL)).await;
    answer.expect(409, "email_taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_turn_of_a_message_is_not_waited_for_in_a_transaction() {
    let (mail, redis) = (MailServer::start(), Redis::start());
    let server = mail.server(&[("REDIS_URL", &redis.url())]).await;
    let ada = server.register("ada").await;
    let (app, _) = server.enroll(&ada).await;
    server.clock.advance(TimeDelta::seconds(30));
    let (body, done) = (json!({ "email": EMAIL, "code": app.code(&server) }), Cell::new(false));
    redis.suspend();
    let change = async {
        ada.patch("me", &body).await.expect(200, "");
        done.set(true);
    };
    let watch = async {
        let idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
            AND state = 'idle in transaction' AND now() - state_change > '200 ms'";
        while !done.get() {
            assert_eq!(server.database.count(idle).await, 0);
        }
    };
    tokio::join!(change, watch);
}
