//! A server whose people sign in by providers.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::script::{CLIENT, SECRET};
use super::{Begun, Browser, HostileProvider, RealProvider};
use crate::{Answer, Caller, Database, TestServer};

/// A server with a provider that cheats (`hostile`) and a second one of its kind (`other`).
pub struct Site {
    /// The server.
    pub server: TestServer,
    /// The provider that cheats.
    pub provider: HostileProvider,
    /// Another one that could.
    pub other: HostileProvider,
    /// Whoever has the file can start another server like this.
    pub file: String,
    _folder: TempDir,
}

impl Site {
    /// A server as it is shipped, with providers.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A server with these settings.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::open(settings, None).await
    }

    /// A server with the real provider, too, which signs by this algorithm; its name is that of the
    /// algorithm, in lower case.
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
        let own = secret("hostile", SECRET);
        let mut text = entry("hostile", &provider.url, CLIENT, &own);
        text.push_str(&entry("other", &other.url, CLIENT, &own));
        if let Some(algorithm) = real {
            let own = secret("real", "a secret of the films/+ &%");
            let (url, client) = (RealProvider::visit().url, format!("films-{algorithm}"));
            text.push_str(&entry(&algorithm.to_lowercase(), &url, &client, &own));
        }
        let path = folder.path().join("providers.toml");
        fs::write(&path, text).unwrap();
        let file = path.to_str().unwrap().to_owned();
        let settings: Vec<_> =
            settings.iter().copied().chain([("AUTH_OIDC_FILE", file.as_str())]).collect();
        let server = TestServer::at(clock, Database::migrated().await, &settings).await;
        Self { server, provider, other, file, _folder: folder }
    }

    /// A browser that signs in by the provider that cheats.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser { guest: self.server.guest(), provider: "hostile".into() }
    }

    /// Signs in by the provider that cheats, or tries to.
    pub async fn sign_in(&self) -> Answer {
        let browser = self.browser();
        let begun = browser.begin().await;
        self.finish(&browser, &begun).await
    }

    /// Agrees at the provider that cheats and comes back.
    pub async fn finish(&self, browser: &Browser, begun: &Begun) -> Answer {
        let code = self.provider.agree(&begun.page);
        let state = begun.parameter("state");
        browser.come_back(&begun.cookie, &[("code", &code), ("state", &state)]).await
    }

    /// As [`Site::sign_in`], by the provider's word about this subject.
    pub async fn sign_in_as(&self, claims: Value) -> Answer {
        self.provider.script().claims = claims;
        self.sign_in().await
    }

    /// Whoever signed in by this answer.
    ///
    /// # Panics
    /// Nobody did.
    #[must_use]
    pub fn caller(&self, answer: &Answer) -> Caller {
        self.server.as_user(answer.ok()["access_token"].as_str().unwrap())
    }

    /// Links the identity that the provider that cheats tells of; the answer of the callback.
    ///
    /// # Panics
    /// The server does not begin it.
    pub async fn link(&self, caller: &Caller, proof: &Value) -> Answer {
        let browser = self.browser();
        let (answer, begun) = browser.begin_link(caller, proof).await;
        answer.expect(200, "");
        self.finish(&browser, &begun.unwrap()).await
    }
}

/// A provider as the file has it.
fn entry(name: &str, issuer: &str, client: &str, secret: &str) -> String {
    format!(
        "[[provider]]\nname = {}\nissuer = {}\nclient_id = {}\nclient_secret_file = {}\n",
        json!(name),
        json!(issuer),
        json!(client),
        json!(secret),
    )
}
