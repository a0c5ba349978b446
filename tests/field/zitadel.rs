//! Sign-ins through the provider of zitadel/oidc, which states e-mail address and names at `UserInfo`
//! only, and has another key after each start.

use std::fs;
use std::process::{Child, Command, Stdio};

use reqwest::header::LOCATION;
use reqwest::{Client, Url, redirect};
use serde_json::json;
use tempfile::TempDir;
use tests::{free_port, setting, until};

use crate::sign_in::{Provider, Site, callback};

/// The provider; none if it could not be built.
struct Zitadel {
    port: u16,
    process: Child,
    folder: TempDir,
    http: Client,
}

impl Drop for Zitadel {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Zitadel {
    async fn start() -> Option<Self> {
        if setting("ZITADEL").is_empty() {
            eprintln!("SKIPPED: the provider of zitadel/oidc cannot be built: it needs Go 1.26");
            return None;
        }
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let users = ["ada", "bob"].map(|name| {
            let user = json!({
                "ID": format!("id-of-{name}"), "Username": name, "Password": "x", "FirstName": name,
                "LastName": "Lovelace", "Email": format!("{name}@example.com"),
                "EmailVerified": true, "PreferredLanguage": "en",
            });
            (format!("id-of-{name}"), user)
        });
        let users = serde_json::Map::from_iter(users);
        fs::write(folder.path().join("users.json"), json!(users).to_string()).unwrap();
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        let process = run(port, &folder);
        let started = Self { port, process, folder, http };
        started.ready().await;
        Some(started)
    }

    fn issuer(&self) -> String {
        format!("http://localhost:{}/", self.port)
    }

    async fn ready(&self) {
        let url = format!("{}.well-known/openid-configuration", self.issuer());
        until("the provider answers", async || self.http.get(&url).send().await.is_ok()).await;
    }

    fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    async fn restart(&mut self) {
        self.stop();
        self.process = run(self.port, &self.folder);
        self.ready().await;
    }

    async fn next(&self, request: reqwest::RequestBuilder) -> Url {
        let answer = request.send().await.unwrap();
        let location = answer.headers().get(LOCATION).map(|it| it.to_str().unwrap().to_owned());
        let location = location.unwrap_or_else(|| panic!("{answer:?}"));
        Url::parse(&self.issuer()).unwrap().join(&location).unwrap()
    }
}

impl Provider for Zitadel {
    async fn authorize(&self, page: &Url, login: &str) -> Url {
        let form = self.next(self.http.get(page.clone())).await;
        let (_, id) = form.query_pairs().next().unwrap();
        let fields = [("id", &*id), ("username", login), ("password", "x")];
        let back = self.next(self.http.post(form.clone()).form(&fields)).await;
        self.next(self.http.get(back)).await
    }
}

fn run(port: u16, folder: &TempDir) -> Child {
    let mut command = Command::new(setting("ZITADEL"));
    command.env("PORT", port.to_string()).env("REDIRECT_URI", callback("zitadel"));
    command.env("USERS_FILE", folder.path().join("users.json"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn users_sign_in_link_and_unlink_across_a_restart_and_with_a_second_factor() {
    let Some(mut provider) = Zitadel::start().await else { return };
    let site = Site::start(&[("zitadel", &provider.issuer(), "")]).await;
    let me = site.sign_in_twice(&provider).await;
    site.link_and_unlink(&provider).await;

    // The provider dies before the exchange, and comes back with another key.
    let flow = site.browser.begin().await;
    let back = provider.authorize(&flow.authorization_url, "ada").await;
    provider.stop();
    site.browser.follow(&flow, &back).await.expect(503, "provider_unavailable");
    provider.restart().await;
    assert_eq!(site.account(&provider, "ada").await["id"], me["id"]);

    site.use_second_factor(&provider).await;
}
