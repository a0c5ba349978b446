//! A server whose clock is wrong destroys nothing.

use std::time::Duration;

use auth_server::clock::Clock;
use chrono::TimeDelta;
use serde_json::json;
use service::database::AgreedClock;
use tests::oidc::OidcSite;
use tests::{MailServer, TestServer, until};

use crate::email::{register_with_email, verify};
use crate::key_rotation::rotate_keys;
use crate::users::{grant, revoke};

#[tokio::test]
async fn a_running_server_whose_clock_jumps_is_not_ready_and_goes_on_answering_checks() {
    let server = TestServer::start().await;
    let guest = server.guest();
    for (error, skew) in [(400 * 86_400, 34_560_000.0), (-7_200, -7_200.0)] {
        server.clock.set_error(TimeDelta::seconds(error));
        until("not ready", async || guest.get("/health/ready").await.status == 503).await;
        let readiness = guest.get("/health/ready").await.json();
        let seen = readiness["clock_skew_seconds"].as_f64().unwrap();
        assert!((seen - skew).abs() < 1.0, "{readiness}");
        assert_eq!((&readiness["database"], &readiness["ready"]), (&json!("up"), &json!(false)));
        let film = json!({ "action": "read", "resource": { "type": "film", "labels": [] } });
        guest.post("check", &film).await.expect(200, "");
        let metrics = server.metrics().await;
        let (_, shown) = metrics.split_once("\nauth_clock_skew_seconds ").unwrap();
        let shown: f64 = shown.lines().next().unwrap().parse().unwrap();
        assert!((shown - skew).abs() < 1.0, "{shown}");
        server.clock.set_error(TimeDelta::zero());
        until("ready", async || guest.get("/health/ready").await.status == 200).await;
    }
}

#[tokio::test]
async fn a_clock_that_is_ahead_erases_no_private_key_that_still_signs() {
    let server = TestServer::start().await;
    let rotation = rotate_keys(&server).await.unwrap();
    server.clock.set_error(TimeDelta::hours(2));
    // By this clock the old key is removed, and only the new one is published.
    until("removed here", async || {
        let keys = server.guest().get("/.well-known/jwks.json").await.ok()["keys"].clone();
        keys.as_array().unwrap().len() == 1
    })
    .await;
    // Its private half is looked at every second.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let kept = "SELECT count(*) FROM signing_keys WHERE private_key <> ''";
    assert_eq!(server.database.count(kept).await, 2);
    let replica = server.replica(&[]).await;
    let login = replica.register("ada").await;
    assert_eq!(crate::key_rotation::kid(login.token()), rotation.old);
}

#[tokio::test]
async fn a_key_published_before_the_clock_of_a_lagging_server_signs_there() {
    let server = TestServer::start().await;
    let (clock, user) = (Clock::default(), server.register("ada").await);
    clock.set_error(TimeDelta::seconds(-20));
    let lagging = server.replica_with_clock(clock, &[]).await;
    lagging.guest().get("/health/ready").await.expect(200, "");
    let login = lagging.log_in("ada").await;
    server.as_user(login.token()).get("me").await.expect(200, "");
    assert_eq!(crate::key_rotation::kid(login.token()), crate::key_rotation::kid(user.token()));
}

#[tokio::test]
async fn a_key_whose_private_half_was_erased_is_skipped() {
    let server = TestServer::start().await;
    let rotation = rotate_keys(&server).await.unwrap();
    // What a server with a clock two hours ahead did in earlier versions.
    let erase = "UPDATE signing_keys SET private_key = '' WHERE retire_at IS NOT NULL";
    server.database.execute(erase).await;
    let replica = server.replica(&[]).await;
    let login = replica.register("ada").await;
    assert_eq!(crate::key_rotation::kid(login.token()), rotation.kid);
    until("the other server accepts it", async || {
        server.as_user(login.token()).get("me").await.status == 200
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_undone_waits_for_two_clocks_that_agree() {
    let server = TestServer::start().await;
    let (pool, clock) = (server.database.pool().await, Clock::default());
    let agreed = AgreedClock::new(pool, clock.clone(), Duration::from_secs(30));
    assert!(agreed.agreed().await.unwrap().is_some());
    for error in [31, 400 * 86_400, -31] {
        clock.set_error(TimeDelta::seconds(error));
        assert_eq!(agreed.agreed().await.unwrap(), None, "{error}");
    }
    clock.set_error(TimeDelta::seconds(29));
    assert!(agreed.agreed().await.unwrap().is_some());
}

#[tokio::test]
async fn a_clock_that_is_ahead_forgets_no_sign_in_that_was_completed() {
    let site = OidcSite::start().await;
    let (server, browser) = (&site.server, site.browser());
    let flow = browser.begin().await;
    site.finish(&browser, &flow).await.expect(200, "");
    server.clock.set_error(TimeDelta::days(400));
    let flow = browser.begin().await;
    site.finish(&browser, &flow).await.expect(200, "");
    let consumed = "SELECT count(*) FROM consumed_oidc_flows";
    assert_eq!(server.database.count(consumed).await, 2);
}

#[tokio::test]
async fn a_clock_that_is_ahead_deletes_no_token_that_is_on_its_way() {
    let mail = MailServer::start();
    let server = mail.server(&[]).await;
    let ada = register_with_email(&server, "ada", "ada@example.com").await;
    let token = mail.mail("ada@example.com", 0).await.token();
    server.clock.set_error(TimeDelta::days(400));
    register_with_email(&server, "grace", "grace@example.com").await;
    mail.mail("grace@example.com", 0).await;
    server.clock.set_error(TimeDelta::zero());
    verify(&ada, &token).await.expect(204, "");
}

#[tokio::test]
async fn a_logout_at_a_server_whose_clock_is_behind_holds_at_all_others() {
    let server = TestServer::start().await;
    let (ada, clock) = (server.register("ada").await, Clock::default());
    let behind = server.replica_with_clock(clock.clone(), &[]).await;
    clock.set_error(TimeDelta::hours(-2));
    ada.at(&behind.url).log_out().await.expect(204, "");
    until("logged out", async || ada.get("me").await.status == 401).await;
    let started_later = server.replica(&[]).await;
    ada.at(&started_later.url).get("me").await.expect(401, "token_revoked");
    ada.get("me").await.expect(401, "token_revoked");
}

#[tokio::test]
async fn a_logout_elsewhere_holds_at_a_server_whose_clock_is_ahead() {
    let server = TestServer::start().await;
    let clock = Clock::default();
    let ahead = server.replica_with_clock(clock.clone(), &[]).await;
    ahead.register("ada").await;
    clock.set_error(TimeDelta::days(400));
    let ada = ahead.log_in("ada").await;
    ada.at(&server.url).log_out().await.expect(204, "");
    until("logged out", async || ada.get("me").await.status == 401).await;
    // Each poll forgets what has expired.
    for _ in 0..30 {
        ada.get("me").await.expect(401, "token_revoked");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_role_that_a_server_whose_clock_is_behind_revokes_is_lost_for_tokens_everywhere() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    grant(&root, &ada.id, "superuser").await;
    let (ada, clock) = (server.log_in("ada").await, Clock::default());
    ada.get("users").await.expect(200, "");
    let behind = server.replica_with_clock(clock.clone(), &[]).await;
    clock.set_error(TimeDelta::hours(-2));
    let root = behind.log_in("root").await;
    revoke(&root, &ada.id, "superuser").await;
    let started_later = server.replica(&[]).await;
    ada.at(&started_later.url).get("users").await.expect(403, "forbidden");
    until("lost", async || ada.get("users").await.status == 403).await;
}
