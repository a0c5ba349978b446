//! A server with identity providers.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::script::{CLIENT_ID, CLIENT_SECRET};
use super::{Browser, Flow, HostileProvider, RealProvider};
use crate::{Answer, Caller, Database, TestServer};

/// A server with two hostile providers, `hostile` and `other`.
pub struct OidcSite {
    /// The server.
    pub server: TestServer,
    /// The provider `hostile`.
    pub provider: HostileProvider,
    /// The provider `other`.
    pub other: HostileProvider,
    /// The file of providers, for starting another server like this one.
    pub file: String,
    _folder: TempDir,
}

impl OidcSite {
    /// A server with the shipped settings and the two providers.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A server with these settings.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::open(settings, None).await
    }

    /// A server that also has the real provider, which signs with this algorithm. The provider is
    /// named after the algorithm, in lower case.
    pub async fn real(algorithm: &str) -> Self {
        Self::open(&[], Some(algorithm)).await
    }

    async fn open(settings: &[(&str, &str)], real: Option<&str>) -> Self {
        let clock = auth_server::clock::Clock::default();
        let provider = HostileProvider::start(clock.clone()).await;
        let other = HostileProvider::start(clock.clone()).await;
        let folder = tempfile::tempdir().unwrap();
        let secret = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let own = secret("hostile", CLIENT_SECRET);
        let mut text = entry("hostile", &provider.url, CLIENT_ID, &own);
        text.push_str(&entry("other", &other.url, CLIENT_ID, &own));
        if let Some(algorithm) = real {
            let own = secret("real", "a secret of the films/+ &%");
            let (url, client) = (RealProvider::visit().url, format!("films-{algorithm}"));
            text.push_str(&entry(&algorithm.to_lowercase(), &url, &client, &own));
        }
        let path = folder.path().join("providers.toml");
        fs::write(&path, text).unwrap();
        let file = path.to_str().unwrap().to_owned();
        let settings: Vec<_> =
            settings.iter().copied().chain([("AUTH_CONFIG", file.as_str())]).collect();
        let server = TestServer::with_clock(clock, Database::migrated().await, &settings).await;
        Self { server, provider, other, file, _folder: folder }
    }

    /// A browser that signs in through `hostile`.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser { guest: self.server.guest(), provider: "hostile".into(), posts: false }
    }

    /// Signs in through `hostile`, whatever the outcome.
    pub async fn sign_in(&self) -> Answer {
        let browser = self.browser();
        let flow = browser.begin().await;
        self.finish(&browser, &flow).await
    }

    /// Consents at `hostile` and calls the callback.
    pub async fn finish(&self, browser: &Browser, flow: &Flow) -> Answer {
        let code = self.provider.authorize(&flow.authorization_url);
        let state = flow.parameter("state");
        browser.call_back(&flow.cookie, &[("code", &code), ("state", &state)]).await
    }

    /// [`OidcSite::sign_in`] with these claims in the ID token.
    pub async fn sign_in_as(&self, claims: Value) -> Answer {
        self.provider.script().claims = claims;
        self.sign_in().await
    }

    /// The caller with the access token in this answer.
    ///
    /// # Panics
    /// If the answer has no access token.
    #[must_use]
    pub fn caller(&self, answer: &Answer) -> Caller {
        self.server.as_user(answer.ok()["access_token"].as_str().unwrap())
    }

    /// Links the identity in the next ID token of `hostile`; returns the answer of the callback.
    ///
    /// # Panics
    /// If the server does not start it.
    pub async fn link(&self, caller: &Caller, credential: &Value) -> Answer {
        let browser = self.browser();
        let (answer, flow) = browser.begin_link(caller, credential).await;
        answer.expect(200, "");
        self.finish(&browser, &flow.unwrap()).await
    }
}

/// The entry of a provider in the file.
fn entry(name: &str, issuer: &str, client: &str, secret: &str) -> String {
    format!(
        "[[oidc.provider]]\nname = {}\nissuer = {}\nclient_id = {}\nclient_secret_file = {}\n",
        json!(name),
        json!(issuer),
        json!(client),
        json!(secret),
    )
}
