//! Sign-ins through a provider obey the restrictions of the account, and are recorded.

use serde_json::{Value, json};
use tests::current_password;
use tests::oidc::OidcSite;

use super::accounts::{me, register_with_email};
use super::verify;

#[tokio::test]
async fn an_account_created_by_a_provider_has_no_password() {
    let site = OidcSite::start().await;
    site.sign_in().await.expect(200, "");
    for password in ["", "x", tests::PASSWORD] {
        let answer = site.server.guest().log_in("ada", password).await;
        answer.expect(401, "credentials_invalid");
    }
}

#[tokio::test]
async fn a_disabled_account_cannot_sign_in_through_a_provider() {
    let site = OidcSite::start().await;
    let root = site.server.superuser().await;
    let me = me(&site, json!({})).await;
    let path = format!("users/{}/disable", me["id"].as_str().unwrap());
    root.post(&path, &Value::Null).await.ok();
    site.sign_in().await.expect(401, "credentials_invalid");
    // No identity is linked to it by address either.
    site.sign_in_as(json!({ "sub": "new" })).await.expect(401, "credentials_invalid");
    assert_eq!(site.server.database.count("SELECT count(*) FROM identities").await, 1);
}

#[tokio::test]
async fn a_disabled_account_with_a_second_factor_gets_no_challenge() {
    let site = OidcSite::start().await;
    let (root, user) = (site.server.superuser().await, site.server.register("grace").await);
    site.link(&user, &current_password()).await.expect(200, "");
    site.server.enroll(&user).await;
    root.post(&format!("users/{}/disable", user.id), &Value::Null).await.ok();
    site.sign_in().await.expect(401, "credentials_invalid");
}

#[tokio::test]
async fn a_user_agent_that_the_account_does_not_allow_is_refused() {
    let site = OidcSite::start().await;
    let user = site.server.register("grace").await;
    site.link(&user, &current_password()).await.expect(200, "");
    let list = json!({ "current_password": tests::PASSWORD, "allowed": ["firefox"] });
    let request = user.request(reqwest::Method::PUT, "me/user-agents").json(&list);
    user.send(request.header("user-agent", "Firefox/1")).await.ok();
    let sessions = "SELECT count(*) FROM sessions WHERE ended_at IS NULL";
    let before = site.server.database.count(sessions).await;
    site.sign_in().await.expect(403, "agent_not_allowed");
    assert_eq!(site.server.database.count(sessions).await, before);
    let history = user.get("me/history").await.ok();
    assert_eq!(history["items"][0]["outcome"], "agent_not_allowed", "{history}");
    assert_eq!(history["items"][0]["provider"], "hostile", "{history}");
}

#[tokio::test]
async fn a_user_with_a_second_factor_needs_a_code_after_the_provider() {
    let site = OidcSite::start().await;
    let user = site.server.register("grace").await;
    site.link(&user, &current_password()).await.expect(200, "");
    let (app, _) = site.server.enroll(&user).await;
    let answer = site.sign_in().await.expect(200, "").json();
    assert_eq!(answer["mfa_required"], true, "{answer}");
    assert!(answer.get("access_token").is_none(), "{answer}");
    let guest = site.server.guest();
    let wrong = json!({ "challenge": answer["challenge"], "code": app.wrong_code(&site.server) });
    guest.post("auth/login/second-factor", &wrong).await.expect(401, "invalid_code");
    let right =
        json!({ "challenge": answer["challenge"], "code": app.code_after(&site.server, 1) });
    let pair = guest.post("auth/login/second-factor", &right).await.expect(200, "");
    assert_eq!(site.caller(&pair).get("me").await.ok()["id"], user.id.as_str());
    guest.post("auth/login/second-factor", &right).await.expect(401, "challenge_invalid");
}

#[tokio::test]
async fn no_identity_is_linked_to_an_account_with_a_second_factor_without_a_code() {
    let site = OidcSite::start().await;
    let user = register_with_email(&site.server, "grace", "ada@example.com").await;
    verify(&site.server, "grace").await;
    let (app, _) = site.server.enroll(&user).await;
    site.sign_in().await.expect(409, "account_exists");
    assert_eq!(user.get("me/identities").await.ok()["items"], json!([]));
    let credential = json!({ "code": app.code_after(&site.server, 1) });
    site.link(&user, &credential).await.expect(200, "");
    assert_eq!(site.sign_in().await.ok()["mfa_required"], true);
}

#[tokio::test]
async fn an_account_without_a_password_can_enable_a_second_factor() {
    let site = OidcSite::start().await;
    let signed_in = site.sign_in().await;
    let caller = site.caller(&signed_in);
    let app =
        tests::AuthenticatorApp::scan(&caller.post("me/second-factor", &json!({})).await.ok());
    let code = json!({ "code": app.code(&site.server) });
    caller.post("me/second-factor/confirm", &code).await.expect(200, "");
    let answer = site.sign_in().await.expect(200, "").json();
    let right =
        json!({ "challenge": answer["challenge"], "code": app.code_after(&site.server, 1) });
    let guest = site.server.guest();
    let pair = guest.post("auth/login/second-factor", &right).await.expect(200, "");
    site.caller(&pair).get("me").await.expect(200, "");
}

#[tokio::test]
async fn the_login_history_names_the_provider() {
    let site = OidcSite::start().await;
    let answer = site.sign_in().await;
    let caller = site.caller(&answer);
    let first = caller.get("me/history").await.ok()["items"][0].clone();
    assert_eq!(first["method"], "oidc");
    assert_eq!((&first["provider"], &first["outcome"]), (&json!("hostile"), &json!("succeeded")));
    assert!(first["session_id"].is_string(), "{first}");
    // The owner of the address sees the attempt.
    verify(&site.server, "ada").await;
    let stranger = json!({ "sub": "stranger", "email_verified": false });
    site.sign_in_as(stranger).await.expect(409, "account_exists");
    let history = caller.get("me/history").await.ok();
    assert_eq!(history["items"][0]["outcome"], "account_exists", "{history}");
}
