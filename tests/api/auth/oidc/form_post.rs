//! Providers that send the browser back with a form (`response_mode = "form_post"`).

use std::fs;

use reqwest::Method;
use serde_json::json;
use tests::oidc::{Browser, OidcSite, Reply};
use tests::{Caller, TestServer, current_password};

use super::accounts::register_with_email;

/// A server with the provider `hostile` in this mode, and a browser there.
async fn posting(site: &OidcSite, settings: &[(&str, &str)]) -> (TestServer, Browser) {
    let text = fs::read_to_string(&site.file).unwrap();
    let line = "response_mode = \"form_post\"\nissuer =";
    fs::write(&site.file, text.replacen("issuer =", line, 1)).unwrap();
    let server = site.server.replica(settings).await;
    let browser = Browser { guest: server.guest(), posts: true, ..site.browser() };
    (server, browser)
}

#[tokio::test]
async fn a_posted_form_finishes_a_flow_whose_cookie_is_for_all_sites() {
    let site = OidcSite::start().await;
    let (_server, browser) = posting(&site, &[]).await;
    let flow = browser.begin().await;
    assert_eq!(flow.parameter("response_mode"), "form_post");
    assert!(flow.set_cookie.ends_with("; HttpOnly; SameSite=None; Secure"), "{flow:?}");
    let answer = site.finish(&browser, &flow).await.expect(200, "");
    assert!(answer.header("set-cookie").contains("; Max-Age=0; "), "{answer:?}");
    site.finish(&browser, &flow).await.expect(400, "state_invalid");
    // Another provider of the same server is as before.
    let other = Browser { provider: "other".into(), ..browser };
    assert!(other.begin().await.set_cookie.ends_with("; SameSite=Lax"));
}

#[tokio::test]
async fn a_form_is_answered_as_a_redirect_is() {
    let site = OidcSite::start().await;
    register_with_email(&site.server, "grace", "ada@example.com").await;
    let (_server, browser) = posting(&site, &[("AUTH_THROTTLE_ADDRESS_ATTEMPTS", "1")]).await;
    let finish = async || {
        let flow = browser.begin().await;
        site.finish(&browser, &flow).await
    };
    site.provider.script().claims = json!({ "email_verified": false });
    finish().await.expect(409, "account_exists");
    let flow = browser.begin().await;
    let state = flow.parameter("state");
    let denied = [("error", "access_denied"), ("state", &*state)];
    browser.call_back(&flow.cookie, &denied).await.expect(403, "consent_denied");
    site.provider.script().token_reply = Reply::Status(500);
    finish().await.expect(503, "provider_unavailable");
    site.provider.script().token_reply =
        Reply::Text(json!({ "error": "invalid_grant" }).to_string());
    finish().await.expect(401, "provider_answer_invalid");
    finish().await.expect(429, "too_many_attempts");
    let unknown = Browser { provider: "nobody".into(), ..browser.clone() };
    unknown.call_back("", &[]).await.expect(404, "provider_not_found");
    let post = |path: &str| browser.guest.request(Method::POST, path);
    let path = "auth/oidc/hostile/callback";
    let send = async |request| browser.guest.send(request).await;
    send(post("auth/oidc/a%00/callback").form(&[("a", "b")])).await.expect(422, "field_invalid");
    send(post(path).json(&json!({}))).await.expect(415, "media_type_unsupported");
    send(post(path).form(&[("state", "x"), ("state", "y")])).await.expect(400, "invalid_request");
    let long = "x".repeat(64 << 10);
    send(post(path).form(&[("state", &long)])).await.expect(413, "body_too_large");
}

#[tokio::test]
async fn the_restrictions_of_accounts_apply_to_a_form() {
    let site = OidcSite::start().await;
    let (server, browser) = posting(&site, &[]).await;
    let link = async |caller: &Caller| {
        let (answer, flow) = browser.begin_link(caller, &current_password()).await;
        answer.expect(200, "");
        site.finish(&browser, &flow.unwrap()).await
    };
    let finish = async || {
        let flow = browser.begin().await;
        site.finish(&browser, &flow).await
    };
    let (user, other) = (server.register("grace").await, server.register("ada").await);
    link(&user).await.expect(200, "");
    link(&other).await.expect(409, "identity_taken");
    let list = json!({ "current_password": tests::PASSWORD, "allowed": ["firefox"] });
    let request = user.request(Method::PUT, "me/user-agents").json(&list);
    user.send(request.header("user-agent", "Firefox/1")).await.ok();
    finish().await.expect(403, "agent_not_allowed");
    let root = server.superuser().await;
    root.post(&format!("users/{}/disable", user.id), &json!(null)).await.ok();
    finish().await.expect(401, "credentials_invalid");
}

#[tokio::test]
async fn a_form_that_cannot_be_used_is_answered_with_the_reason() {
    let site = OidcSite::start().await;
    let (server, browser) = posting(&site, &[]).await;
    let flow = browser.begin().await;
    let refused = [("error", "server_error"), ("state", &*flow.parameter("state"))];
    browser.call_back(&flow.cookie, &refused).await.expect(403, "provider_refused");
    let form = browser.guest.request(Method::POST, "auth/oidc/hostile/callback").form(&refused);
    let encoded = form.header("content-encoding", "gzip");
    browser.guest.send(encoded).await.expect(415, "encoding_unsupported");
    let flow = browser.begin().await;
    server.database.refuse_connections().await;
    site.finish(&browser, &flow).await.expect(503, "database_unavailable");
    server.database.accept_connections().await;
}
