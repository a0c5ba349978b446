//! What users do through a provider, whichever it is.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use reqwest::{Method, Url};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::oidc::{Browser, Flow};
use tests::{Answer, AuthenticatorApp, Caller, TestServer, current_password};

/// A provider with the users ada and bob.
pub(crate) trait Provider {
    /// Signs in on the page at this URL; returns the callback URL.
    async fn authorize(&self, page: &Url, login: &str) -> Url;
}

/// A server that users can sign in to through a provider.
pub(crate) struct Site {
    pub(crate) server: TestServer,
    pub(crate) browser: Browser,
    _folder: TempDir,
}

/// Where the provider sends browsers.
pub(crate) fn callback(name: &str) -> String {
    format!("http://127.0.0.1:8080/api/v1/auth/oidc/{name}/callback")
}

impl Site {
    /// With these providers: name, issuer, and further settings of each. The client is `web` with the secret `secret`.
    pub(crate) async fn start(providers: &[(&str, &str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        fs::write(path("secret"), "secret").unwrap();
        fs::set_permissions(path("secret"), Permissions::from_mode(0o600)).unwrap();
        let secret = path("secret");
        let entries = providers.iter().map(|(name, issuer, settings)| {
            format!(
                "[[oidc.provider]]\nname = \"{name}\"\nissuer = \"{issuer}\"\n\
                 client_id = \"web\"\nclient_secret_file = \"{secret}\"\n{settings}\n"
            )
        });
        fs::write(path("providers.toml"), entries.collect::<String>()).unwrap();
        let server = TestServer::with(&[("AUTH_CONFIG", &path("providers.toml"))]).await;
        let provider = providers[0].0.to_owned();
        let browser = Browser { guest: server.guest(), provider, posts: false };
        Self { server, browser, _folder: folder }
    }

    /// Signs in through the first provider.
    pub(crate) async fn sign_in(&self, provider: &impl Provider, login: &str) -> Answer {
        let flow = self.browser.begin().await;
        self.finish(provider, &flow, login).await
    }

    async fn finish(&self, provider: &impl Provider, flow: &Flow, login: &str) -> Answer {
        let back = provider.authorize(&flow.authorization_url, login).await;
        assert!(back.as_str().starts_with(&callback(&self.browser.provider)), "{back}");
        self.browser.follow(flow, &back).await
    }

    /// The account that this user of the provider signs in to.
    pub(crate) async fn account(&self, provider: &impl Provider, login: &str) -> Value {
        self.caller(&self.sign_in(provider, login).await).get("me").await.ok()
    }

    pub(crate) fn caller(&self, answer: &Answer) -> Caller {
        self.server.as_user(answer.ok()["access_token"].as_str().unwrap())
    }

    /// Ada signs in for the first time and again; returns her account.
    pub(crate) async fn sign_in_twice(&self, provider: &impl Provider) -> Value {
        let me = self.account(provider, "ada").await;
        assert_eq!((&me["login"], &me["email"]), (&json!("ada"), &json!("ada@example.com")));
        assert_eq!((&me["email_verified"], &me["last_name"]), (&json!(true), &json!("Lovelace")));
        assert_eq!(self.account(provider, "ada").await["id"], me["id"]);
        me
    }

    /// Bob is linked to an account that has a password, and then no longer.
    pub(crate) async fn link_and_unlink(&self, provider: &impl Provider) {
        let eve = self.server.register("eve").await;
        let (answer, flow) = self.browser.begin_link(&eve, &current_password()).await;
        answer.expect(200, "");
        self.finish(provider, &flow.unwrap(), "bob").await.expect(200, "");
        assert_eq!(self.account(provider, "bob").await["id"], eve.id.as_str());
        let identity = eve.get("me/identities").await.ok()["items"][0]["id"].clone();
        let path = format!("me/identities/{}", identity.as_str().unwrap());
        let request = eve.request(Method::DELETE, &path).json(&current_password());
        eve.send(request).await.expect(204, "");
        assert_ne!(self.account(provider, "bob").await["id"], eve.id.as_str());
    }

    /// Ada adds a second factor, and signs in with it.
    pub(crate) async fn use_second_factor(&self, provider: &impl Provider) {
        let ada = self.caller(&self.sign_in(provider, "ada").await);
        let app = AuthenticatorApp::scan(&ada.post("me/second-factor", &json!({})).await.ok());
        let code = json!({ "code": app.code(&self.server) });
        ada.post("me/second-factor/confirm", &code).await.expect(200, "");
        let challenged = self.sign_in(provider, "ada").await.ok();
        let code = app.code_after(&self.server, 1);
        let body = json!({ "challenge": challenged["challenge"], "code": code });
        let pair = self.server.guest().post("auth/login/second-factor", &body).await;
        let me = self.caller(&pair).get("me").await.ok();
        assert_eq!(me["id"], ada.get("me").await.ok()["id"]);
    }
}
