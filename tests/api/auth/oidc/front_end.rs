//! Front ends on other sites: a page, a one-time code, a PKCE verifier.

use std::fs;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::TimeDelta;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::oidc::{Browser, Flow, OidcSite};
use tests::{Answer, TestServer};

use super::accounts::register_with_email;
use super::verify;

const PAGE: &str = "https://films.app/in";
const VERIFIER: &str = "a-verifier-that-the-page-keeps-in-its-session-storage";

struct OtherSite {
    site: OidcSite,
    server: TestServer,
    browser: Browser,
}

impl OtherSite {
    async fn start() -> Self {
        let site = OidcSite::start().await;
        let text = fs::read_to_string(&site.file).unwrap();
        fs::write(&site.file, format!("[oidc]\npages = [\"{PAGE}\"]\n{text}")).unwrap();
        let server = site.server.replica(&[]).await;
        let browser = Browser { guest: server.guest(), ..site.browser() };
        Self { site, server, browser }
    }

    async fn begin_with(&self, parameters: &[(&str, &str)]) -> Answer {
        let request = self.browser.guest.request(Method::GET, "auth/oidc/hostile/start");
        self.browser.guest.send(request.query(parameters)).await
    }

    async fn begin(&self) -> Flow {
        let challenge = BASE64.encode(Sha256::digest(VERIFIER));
        let answer = self.begin_with(&[("page", PAGE), ("code_challenge", &challenge)]).await;
        let answer = answer.expect(303, "");
        Flow::of(&answer, answer.header("location"))
    }

    /// The fragment of the page that the callback leads to.
    async fn fragment(&self) -> String {
        let flow = self.begin().await;
        let answer = self.site.finish(&self.browser, &flow).await.expect(303, "");
        assert!(answer.header("set-cookie").contains("; Max-Age=0; "), "{answer:?}");
        let page = answer.header("location").to_owned();
        page.strip_prefix(&format!("{PAGE}#")).unwrap().to_owned()
    }

    async fn code(&self) -> String {
        self.fragment().await.strip_prefix("code=").unwrap().to_owned()
    }

    async fn exchange(&self, code: &str, verifier: &str) -> Answer {
        let form = json!({ "code": code, "code_verifier": verifier });
        self.server.guest().post("auth/oidc/exchange", &form).await
    }
}

#[tokio::test]
async fn a_code_is_exchanged_once_with_its_verifier_within_a_minute() {
    let site = OtherSite::start().await;
    let code = site.code().await;
    let sessions = "SELECT count(*) FROM sessions";
    assert_eq!(site.server.database.count(sessions).await, 0);
    let tampered = format!("{}A", &code[..code.len() - 1]);
    for (code, verifier) in [(&*code, ""), (&*code, "x"), (&*tampered, VERIFIER), ("", VERIFIER)] {
        site.exchange(code, verifier).await.expect(400, "oidc_code_invalid");
    }
    let answer = site.exchange(&code, VERIFIER).await.expect(200, "");
    let caller = site.server.as_user(answer.json()["access_token"].as_str().unwrap());
    let me = caller.get("me").await.ok();
    assert_eq!((&me["login"], &me["email_verified"]), (&json!("ada"), &json!(true)));
    let history = caller.get("me/history").await.ok();
    assert_eq!(history["items"][0]["provider"], "hostile", "{history}");
    site.exchange(&code, VERIFIER).await.expect(400, "oidc_code_invalid");
    let late = site.code().await;
    site.server.clock.advance(TimeDelta::seconds(61));
    site.exchange(&late, VERIFIER).await.expect(400, "oidc_code_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_exchanges_one_succeeds() {
    let site = OtherSite::start().await;
    let code = site.code().await;
    let answers = join_all((0..10).map(|_| site.exchange(&code, VERIFIER))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:#?}");
}

#[tokio::test]
async fn only_a_configured_page_with_a_challenge_starts_such_a_flow() {
    let site = OtherSite::start().await;
    let challenge = BASE64.encode(Sha256::digest(VERIFIER));
    for parameters in [
        &[("page", PAGE)][..],
        &[("page", PAGE), ("code_challenge", "short")],
        &[("page", "https://films.app/"), ("code_challenge", &challenge)],
        &[("page", "https://evil.example/in"), ("code_challenge", &challenge)],
        &[("code_challenge", &challenge)],
    ] {
        site.begin_with(parameters).await.expect(422, "field_invalid");
    }
}

#[tokio::test]
async fn a_failure_reaches_the_page_as_a_code() {
    let site = OtherSite::start().await;
    site.site.provider.script().claims = json!({ "nonce": "another" });
    assert_eq!(site.fragment().await, "error=provider_answer_invalid");
    let flow = site.begin().await;
    let denied = [("error", "access_denied"), ("state", &*flow.parameter("state"))];
    let answer = site.browser.call_back(&flow.cookie, &denied).await.expect(303, "");
    assert_eq!(answer.header("location"), format!("{PAGE}#error=consent_denied"));
    // No flow, no page.
    site.browser.call_back("", &denied).await.expect(400, "state_invalid");
}

#[tokio::test]
async fn the_restrictions_of_accounts_apply_at_the_exchange() {
    let site = OtherSite::start().await;
    let user = register_with_email(&site.site.server, "grace", "ada@example.com").await;
    site.site.provider.script().claims = json!({ "email_verified": false });
    let code = site.code().await;
    site.exchange(&code, VERIFIER).await.expect(409, "account_exists");
    verify(&site.site.server, "grace").await;
    site.site.provider.script().claims = json!({});
    let code = site.code().await;
    site.exchange(&code, VERIFIER).await.expect(200, "");
    let list = json!({ "current_password": tests::PASSWORD, "allowed": ["firefox"] });
    let request = user.request(Method::PUT, "me/user-agents").json(&list);
    user.send(request.header("user-agent", "Firefox/1")).await.ok();
    let code = site.code().await;
    site.exchange(&code, VERIFIER).await.expect(403, "agent_not_allowed");
    let root = site.site.server.superuser().await;
    root.post(&format!("users/{}/disable", user.id), &Value::Null).await.ok();
    let code = site.code().await;
    site.exchange(&code, VERIFIER).await.expect(401, "credentials_invalid");
}

#[tokio::test]
async fn the_code_of_a_form_reaches_the_page_too() {
    let site = OtherSite::start().await;
    let flow = site.begin().await;
    let browser = Browser { posts: true, ..site.browser.clone() };
    let answer = site.site.finish(&browser, &flow).await.expect(303, "");
    assert!(answer.header("location").starts_with(&format!("{PAGE}#code=")), "{answer:?}");
}

#[tokio::test]
async fn a_code_is_not_exchanged_without_the_database() {
    let site = OtherSite::start().await;
    let code = site.code().await;
    site.server.database.refuse_connections().await;
    site.exchange(&code, VERIFIER).await.expect(503, "database_unavailable");
    site.server.database.accept_connections().await;
}
