//! Records and notices of changes that users make to their accounts.

use chrono::TimeDelta;
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{MailServer, NEW_PASSWORD, PASSWORD, TestServer, User, until};

use super::delivery::count_messages;
use super::{change_email, confirmed, verify};

const EMAIL: &str = "ada@example.com";

/// Waits for the notice with this sentence.
async fn noticed(mail: &MailServer, sentence: &str) -> tests::Mail {
    let mut found = None;
    until(sentence, async || {
        found = mail.notices().into_iter().find(|notice| notice.text.contains(sentence));
        found.is_some()
    })
    .await;
    let notice = found.unwrap();
    assert_eq!(notice.recipients, [EMAIL]);
    notice
}

async fn records(server: &TestServer, operation: &str) -> i64 {
    let count = format!(
        "SELECT count(*) FROM audit WHERE operation = '{operation}' AND via = 'api'
         AND target = 'user:' || by_user"
    );
    server.database.count(&count).await
}

async fn change(user: &User, method: Method, path: &str, body: Value) {
    let answer = user.send(user.request(method, path).json(&body)).await;
    assert!(answer.status < 300, "{answer}");
}

#[tokio::test]
async fn a_notice_names_the_change_and_nothing_that_a_user_chose() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = confirmed(&server, &mail, "Win-a-prize", EMAIL).await;
    let login = json!({ "login": "Click-here", "current_password": PASSWORD });
    change(&user, Method::PUT, "me/login", login).await;
    let notice = noticed(&mail, "The login was changed").await;
    let at = server.clock.now().format("%Y-%m-%d ").to_string();
    assert!(notice.text.contains(&at), "{notice:?}");
    let start = notice.text.find(&at).unwrap();
    let text =
        notice.text.replace(&notice.text[start..start + "2026-01-01 00:00 UTC".len()], "[time]");
    assert_eq!(notice.headers["subject"], "films: your account was changed");
    assert_snapshot!(text, @r"
    Hello,

    The login was changed for your account at films, on [time].

    If this was you, there is nothing to do. If it was not, reset your password, then check your sessions and your other ways to log in.
    ");
    for part in [&notice.text, &notice.html] {
        assert!(!part.contains("prize") && !part.contains("Click"), "{notice:?}");
    }
}

#[tokio::test]
async fn every_change_of_credentials_leaves_a_record_and_a_notice() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = confirmed(&server, &mail, "ada", EMAIL).await;
    let agents = json!({ "allowed": null, "current_password": PASSWORD });
    change(&user, Method::PUT, "me/user-agents", agents).await;
    let (_, recovery) = server.enroll(&user).await;
    let challenge = server.challenge("ada").await;
    let second = json!({ "challenge": challenge, "code": recovery[0] });
    server.guest().post("auth/login/second-factor", &second).await.ok();
    let password = json!({ "current_password": PASSWORD });
    change(&user, Method::POST, "me/second-factor/recovery-codes", password.clone()).await;
    change(&user, Method::DELETE, "me/second-factor", password).await;
    let new = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    change(&user, Method::PUT, "me/password", new).await;
    let forgotten = json!({ "email": EMAIL });
    server.guest().post("auth/password/forgot", &forgotten).await.expect(202, "");
    let token = mail.mail(EMAIL, 1).await.token();
    let reset = json!({ "token": token, "new_password": PASSWORD });
    server.guest().post("auth/password/reset", &reset).await.expect(204, "");
    for (operation, sentence) in [
        ("set_my_user_agents", "The list of clients that may log in was changed"),
        ("confirm_second_factor", "Two-factor authentication was enabled"),
        ("use_recovery_code", "A recovery code was used"),
        ("regenerate_recovery_codes", "The recovery codes were replaced"),
        ("disable_second_factor", "Two-factor authentication was disabled"),
        ("change_my_password", "The password was changed"),
        ("reset_password", "The password was reset by e-mail"),
    ] {
        noticed(&mail, sentence).await;
        assert_eq!(records(&server, operation).await, 1, "{operation}");
    }
    assert_eq!(records(&server, "verify_email").await, 1);
    assert_eq!(mail.notices().len(), 7);
}

#[tokio::test]
async fn a_change_of_the_address_is_told_to_the_old_one() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = confirmed(&server, &mail, "ada", EMAIL).await;
    let new = "ada@example.org";
    change_email(&user, Some(new)).await.expect(200, "");
    noticed(&mail, "Another e-mail address was entered").await;
    let token = mail.mail(new, 0).await.token();
    verify(&user, &token).await.expect(204, "");
    noticed(&mail, "This e-mail address was replaced or removed").await;
    assert_eq!(records(&server, "update_me").await, 1);
    assert_eq!(records(&server, "verify_email").await, 2);
}

#[tokio::test]
async fn linking_and_unlinking_an_identity_leaves_records_and_notices() {
    let mail = MailServer::start();
    let site = mail.oidc_site().await;
    let user = confirmed(&site.server, &mail, "grace", EMAIL).await;
    // By a login with the confirmed address.
    site.sign_in().await.expect(200, "");
    noticed(&mail, "A login with an identity provider was added").await;
    let id = user.get("me/identities").await.ok()["items"][0]["id"].clone();
    let path = format!("me/identities/{}", id.as_str().unwrap());
    change(&user, Method::DELETE, &path, json!({ "current_password": PASSWORD })).await;
    noticed(&mail, "A login with an identity provider was removed").await;
    // By the logged-in owner.
    site.link(&user, &json!({ "current_password": PASSWORD })).await.expect(200, "");
    assert_eq!(records(&site.server, "link_identity").await, 2);
    assert_eq!(records(&site.server, "unlink_identity").await, 1);
    until("three notices", async || mail.notices().len() == 3).await;
}

#[tokio::test]
async fn a_change_that_is_rolled_back_leaves_neither_record_nor_notice() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let user = confirmed(&server, &mail, "ada", EMAIL).await;
    for statement in [
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE 'the commit fails' USING ERRCODE = 'serialization_failure'; END $$",
        "CREATE CONSTRAINT TRIGGER fail AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION fail()",
    ] {
        server.database.execute(statement).await;
    }
    let login = json!({ "login": "eve", "current_password": PASSWORD });
    user.put("me/login", &login).await.expect(503, "database_unavailable");
    assert_eq!(records(&server, "change_my_login").await, 0);
    let jobs = "SELECT count(*) FROM apalis.jobs
                WHERE convert_from(job, 'UTF8')::jsonb ->> 'purpose' = 'notice'";
    assert_eq!(server.database.count(jobs).await, 0);
}

#[tokio::test]
async fn a_mailbox_gets_twenty_notices_a_day_and_requests_of_strangers_do_not_count() {
    let mail = MailServer::start();
    let server = mail.server(&[("AUTH_THROTTLE_DELAYS", "60,180")]).await;
    let user = confirmed(&server, &mail, "ada", EMAIL).await;
    // A stranger asks for as many messages as the mailbox may get.
    let (guest, forgotten) = (server.guest(), json!({ "email": EMAIL }));
    while guest.post("auth/password/forgot", &forgotten).await.status == 202 {}
    let agents = json!({ "allowed": null, "current_password": PASSWORD });
    change(&user, Method::PUT, "me/user-agents", agents.clone()).await;
    until("the first notice", async || mail.notices().len() == 1).await;
    server.database.execute("UPDATE notice_counts SET sent = 19").await;
    for _ in 0..3 {
        change(&user, Method::PUT, "me/user-agents", agents.clone()).await;
    }
    until("two are dropped", async || count_messages(&server, "capped").await == 2).await;
    until("one is sent", async || mail.notices().len() == 2).await;
    assert_eq!(records(&server, "set_my_user_agents").await, 4);
    server.clock.advance(TimeDelta::days(1));
    let user = server.log_in("ada").await;
    change(&user, Method::PUT, "me/user-agents", agents).await;
    until("the next day", async || mail.notices().len() == 3).await;
}
