//! The connection to `PostgreSQL` is lost after `COMMIT` was sent, and before its answer.

use std::fs;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use tests::oidc::{Browser, Flow, HostileProvider, OidcSite};
use tests::openapi::{DocumentedAnswer, answers};
use tests::{Answer, AuthenticatorApp, Commit, Proxy, TestServer, User, current_password};

use crate::roles::create_role;
use crate::samples::samples;
use crate::users::grant;

const PAGE: &str = "https://films.app/in";
const VERIFIER: &str = "a-verifier-that-the-page-keeps-in-its-session-storage";

/// A server behind a proxy to its database, and one that is not behind it.
struct Site {
    oidc: OidcSite,
    proxy: Proxy,
    server: TestServer,
}

impl Site {
    /// The provider `hostile` sends browsers back with a form, `other` does not.
    async fn start() -> Self {
        let oidc = OidcSite::start().await;
        let providers = fs::read_to_string(&oidc.file).unwrap();
        let posting = providers.replacen("issuer =", "response_mode = \"form_post\"\nissuer =", 1);
        fs::write(&oidc.file, format!("[oidc]\npages = [\"{PAGE}\"]\n{posting}")).unwrap();
        let (proxy, url) = Proxy::to_url(&oidc.server.database.url).await;
        let server = oidc.server.replica(&[("DATABASE_URL", &url)]).await;
        Self { oidc, proxy, server }
    }

    /// Sends a request whose commit is lost.
    async fn lose(&self, request: impl Future<Output = Answer>) -> Answer {
        self.proxy.at_commit(Commit::Lost);
        let answer = request.await.expect(503, "outcome_unknown");
        assert_eq!(answer.header("retry-after"), "");
        self.proxy.at_commit(Commit::Forwarded);
        answer
    }

    /// A user of the server behind the proxy.
    async fn user(&self, login: &str) -> User {
        let user = self.oidc.server.register(login).await;
        User { caller: user.at(&self.server.url), ..user }
    }

    fn browser(&self, provider: &str) -> Browser {
        let (guest, provider) = (self.server.guest(), provider.to_owned());
        Browser { guest, posts: provider == "hostile", provider }
    }
}

/// What another request than its sample makes commit.
const OTHERS: [&str; 13] = [
    "DELETE /api/v1/clients/{id}",
    "DELETE /api/v1/me",
    "DELETE /api/v1/me/identities/{id}",
    "DELETE /api/v1/me/second-factor",
    "DELETE /api/v1/roles/{name}",
    "GET /api/v1/auth/oidc/{provider}/callback",
    "POST /api/v1/auth/oidc/exchange",
    "POST /api/v1/auth/oidc/{provider}/callback",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/me/identities",
    "POST /api/v1/me/second-factor/confirm",
    "POST /api/v1/me/second-factor/recovery-codes",
    "POST /api/v1/oauth/revoke",
];

#[tokio::test]
async fn a_lost_commit_has_an_unknown_outcome_and_is_not_worth_a_blind_repetition() {
    let site = Site::start().await;
    let root = site.oidc.server.superuser().await;
    // So that `root` is not the last one.
    let other = site.oidc.server.register("grace").await;
    grant(&root, &other.id, "superuser").await;
    let samples = samples(&site.oidc.server, &root).await;
    let root = root.at(&site.server.url);
    let documented = answers(&root.get("/openapi.json").await.ok());
    for sample in &samples {
        let unknown = DocumentedAnswer {
            operation: sample.name(),
            status: 503,
            code: "outcome_unknown".to_owned(),
        };
        if documented.contains(&unknown) && !OTHERS.contains(&&*unknown.operation) {
            site.lose(sample.send(&root)).await;
        }
    }
    let rule = crate::rules::rule(50, "anonymous", "label:new", "read", "allow");
    let answer = site.lose(root.post("rules", &rule)).await;
    assert_snapshot!(answer, @r#"
    503
    {
      "code": "outcome_unknown",
      "status": 503,
      "title": "The connection to the database was lost during the commit; the change may or may not have been made.",
      "type": "about:blank"
    }
    "#);
    root.post("rules", &rule).await.expect(201, "");
}

#[tokio::test]
async fn a_deletion_has_an_unknown_outcome() {
    let site = Site::start().await;
    let root = site.oidc.server.superuser().await.at(&site.server.url);
    create_role(&root, "critic", &[]).await;
    site.lose(root.delete("roles/critic")).await;
    let client = root.post("clients", &json!({ "name": "films" })).await.ok();
    let (id, secret) = (client["id"].as_str().unwrap(), client["secret"].as_str().unwrap());
    let ada = site.user("ada").await;
    let form = [("token", &ada.refresh_token)];
    let request = site.server.guest().request(Method::POST, "oauth/revoke");
    let request = request.basic_auth(id, Some(secret)).form(&form);
    site.lose(site.server.guest().send(request)).await;
    site.lose(root.delete(&format!("clients/{id}"))).await;
    site.lose(ada.delete_with("me", &current_password())).await;
    // The end of a session whose refresh token was stolen.
    let mut tokens = vec![ada.refresh_token.clone()];
    for _ in 0..2 {
        let answer = site.server.guest().refresh(tokens.last().unwrap()).await;
        tokens.push(answer.expect(200, "").string("refresh_token"));
    }
    site.lose(site.server.guest().refresh(&tokens[0])).await;
}

#[tokio::test]
async fn a_change_of_the_second_factor_has_an_unknown_outcome() {
    let site = Site::start().await;
    let ada = site.user("ada").await;
    let begun = ada.post("me/second-factor", &current_password()).await.ok();
    let app = AuthenticatorApp::scan(&begun);
    let code = json!({ "code": app.code(&site.server) });
    site.lose(ada.post("me/second-factor/confirm", &code)).await;
    ada.post("me/second-factor/confirm", &code).await.expect(200, "");
    site.lose(ada.post("me/second-factor/recovery-codes", &current_password())).await;
    site.lose(ada.delete_with("me/second-factor", &current_password())).await;
    // A code that is used up instead of the password.
    let link = json!({ "provider": "other", "code": app.code_after(&site.server, 1) });
    site.lose(ada.post("me/identities", &link)).await;
}

#[tokio::test]
async fn a_sign_in_through_a_provider_has_an_unknown_outcome() {
    let site = Site::start().await;
    for (name, provider) in [("hostile", &site.oidc.provider), ("other", &site.oidc.other)] {
        let browser = site.browser(name);
        let flow = browser.begin().await;
        site.lose(finish(&browser, &flow, provider)).await;
    }
    let browser = site.browser("other");
    let ada = site.user("ada").await;
    let (_, flow) = browser.begin_link(&ada, &current_password()).await;
    finish(&browser, &flow.unwrap(), &site.oidc.other).await.expect(200, "");
    let identity = ada.items("me/identities").await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("me/identities/{identity}");
    site.lose(ada.delete_with(&path, &current_password())).await;

    let challenge = BASE64.encode(Sha256::digest(VERIFIER));
    let start = browser.guest.request(Method::GET, "auth/oidc/other/start");
    let start = start.query(&[("page", PAGE), ("code_challenge", &challenge)]);
    let started = browser.guest.send(start).await.expect(303, "");
    let flow = Flow::of(&started, started.header("location"));
    let sent_back = finish(&browser, &flow, &site.oidc.other).await.expect(303, "");
    let code = sent_back.header("location").split_once("#code=").unwrap().1;
    let form = json!({ "code": code, "code_verifier": VERIFIER });
    site.lose(browser.guest.post("auth/oidc/exchange", &form)).await;
}

/// Consents at this provider and calls the callback.
async fn finish(browser: &Browser, flow: &Flow, provider: &HostileProvider) -> Answer {
    let (code, state) = (provider.authorize(&flow.authorization_url), flow.parameter("state"));
    browser.call_back(&flow.cookie, &[("code", &code), ("state", &state)]).await
}
