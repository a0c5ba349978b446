//! `POST /api/v1/me/identities`: linking an identity while signed in.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::{Connection, Executor};
use tests::current_password;
use tests::oidc::OidcSite;

#[tokio::test]
async fn a_linked_identity_can_be_used_to_sign_in() {
    let site = OidcSite::start().await;
    let user = site.server.register("grace").await;
    let linked = site.link(&user, &current_password()).await.expect(200, "");
    assert_eq!(linked.header("cache-control"), "no-store");
    let identity = &linked.json()["linked"][0];
    assert_eq!(
        (&identity["provider"], &identity["subject"]),
        (&json!("hostile"), &json!("subject-1"))
    );
    assert_eq!(identity["last_used_at"], Value::Null);
    // Linking opens no session.
    assert_eq!(site.server.database.count("SELECT count(*) FROM sessions").await, 1);
    let answer = site.sign_in().await;
    assert_eq!(site.caller(&answer).get("me").await.ok()["id"], user.id.as_str());
    let list = user.get("me/identities").await.ok();
    assert!(list["items"][0]["last_used_at"].is_string(), "{list}");
    // Linking it again has no effect.
    site.link(&user, &current_password()).await.expect(200, "");
    assert_eq!(user.get("me/identities").await.ok()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn linking_requires_the_password_or_a_code() {
    let site = OidcSite::start().await;
    let user = site.server.register("grace").await;
    let browser = site.browser();
    let wrong = json!({ "current_password": "wrong" });
    let (answer, _) = browser.begin_link(&user, &wrong).await;
    answer.expect(403, "current_password_wrong");
    let (answer, _) = browser.begin_link(&user, &json!({})).await;
    answer.expect(422, "field_invalid");
    let (app, _) = site.server.enroll(&user).await;
    let wrong = json!({ "code": app.wrong_code(&site.server) });
    let (answer, _) = browser.begin_link(&user, &wrong).await;
    answer.expect(403, "invalid_code");
    let right = json!({ "code": app.code_after(&site.server, 1) });
    site.link(&user, &right).await.expect(200, "");
}

#[tokio::test]
async fn a_user_without_a_password_can_link_within_five_minutes_of_signing_in() {
    let site = OidcSite::start().await;
    let answer = site.sign_in().await;
    let caller = site.caller(&answer);
    site.provider.script().claims = json!({ "sub": "second" });
    site.link(&caller, &json!({})).await.expect(200, "");
    site.server.clock.advance(TimeDelta::minutes(5) + TimeDelta::seconds(1));
    let body = json!({ "refresh_token": answer.json()["refresh_token"] });
    let refreshed = site.server.guest().post("auth/refresh", &body).await;
    let caller = site.caller(&refreshed);
    let (answer, _) = site.browser().begin_link(&caller, &json!({})).await;
    answer.expect(403, "reauthentication_required");
}

#[tokio::test]
async fn an_identity_of_another_user_cannot_be_linked() {
    let site = OidcSite::start().await;
    site.sign_in().await.expect(200, "");
    let user = site.server.register("grace").await;
    site.link(&user, &current_password()).await.expect(409, "identity_taken");
    assert_eq!(user.get("me/identities").await.ok()["items"], json!([]));
}

#[tokio::test]
async fn a_link_is_refused_if_the_session_has_ended_meanwhile() {
    let site = OidcSite::start().await;
    let user = site.server.register("grace").await;
    let browser = site.browser();
    let flow = browser.begin_link(&user, &current_password()).await.1.unwrap();
    user.log_out().await.expect(204, "");
    site.finish(&browser, &flow).await.expect(400, "state_invalid");
    assert_eq!(site.server.database.count("SELECT count(*) FROM identities").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_refused_if_the_session_ends_while_the_link_waits_for_the_account() {
    let site = OidcSite::start().await;
    let user = site.server.register("grace").await;
    let browser = site.browser();
    let flow = browser.begin_link(&user, &current_password()).await.1.unwrap();
    let mut other = site.server.database.connect().await;
    let mut transaction = other.begin().await.unwrap();
    transaction.execute("SELECT FROM users FOR NO KEY UPDATE").await.unwrap();
    let (answer, ()) = tokio::join!(site.finish(&browser, &flow), async {
        site.server.database.wait_for_lock().await;
        transaction
            .execute("UPDATE sessions SET ended_at = now(), end_reason = 'test'")
            .await
            .unwrap();
        transaction.commit().await.unwrap();
    });
    answer.expect(400, "state_invalid");
    assert_eq!(site.server.database.count("SELECT count(*) FROM identities").await, 0);
}

#[tokio::test]
async fn another_browser_cannot_finish_a_link() {
    let site = OidcSite::start().await;
    let (mallory, victim) = (site.server.register("mallory").await, site.browser());
    let flow = site.browser().begin_link(&mallory, &current_password()).await.1.unwrap();
    let own = victim.begin().await;
    let (code, state) = (site.provider.authorize(&flow.authorization_url), flow.parameter("state"));
    let brought = [("code", code.as_str()), ("state", &state)];
    for cookie in ["", &own.cookie] {
        victim.call_back(cookie, &brought).await.expect(400, "state_invalid");
    }
    assert_eq!(mallory.get("me/identities").await.ok()["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_users_who_link_one_identity_concurrently_one_succeeds() {
    let site = OidcSite::start().await;
    let (ada, bob) = (site.server.register("ada").await, site.server.register("bob").await);
    let credential = current_password();
    let answers = join_all([&ada, &bob].map(|user| site.link(user, &credential))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{answers:#?}");
    assert_eq!(site.server.database.count("SELECT count(*) FROM identities").await, 1);
}

#[tokio::test]
async fn an_unavailable_provider_cannot_be_linked() {
    let site = OidcSite::start().await;
    let user = site.server.register("grace").await;
    site.provider.script().metadata_reply = tests::oidc::Reply::Status(500);
    let (answer, _) = site.browser().begin_link(&user, &current_password()).await;
    answer.expect(503, "provider_unavailable");
}
