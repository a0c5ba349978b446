//! Sign-ins through Keycloak, whose keys are replaced, and which makes some of them at the first signature.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, Url, redirect};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::oidc::Browser;
use tests::{free_port, setting, until_within};

use crate::sign_in::{Provider, Site, callback};

/// How long a virtual machine of Java may take to start on a busy computer.
const START: Duration = Duration::from_mins(5);

/// Keycloak; none if it could not be downloaded.
struct Keycloak {
    port: u16,
    process: Child,
    folder: TempDir,
    http: Client,
}

impl Drop for Keycloak {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Keycloak {
    /// With two realms, in which it signs by different algorithms.
    async fn start() -> Option<Self> {
        if setting("KEYCLOAK").is_empty() {
            eprintln!("SKIPPED: Keycloak cannot be downloaded");
            return None;
        }
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let database = format!("{}/data/h2/keycloakdb.mv.db", setting("KEYCLOAK"));
        fs::copy(database, folder.path().join("keycloakdb.mv.db")).unwrap();
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        let process = run(port, &folder);
        let this = Self { port, process, folder, http };
        this.ready("master").await;
        for algorithm in ["RS256", "PS256"] {
            this.admin(Method::POST, "", &realm(algorithm)).await;
        }
        Some(this)
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn issuer(&self, realm: &str) -> String {
        format!("{}/realms/{realm}", self.url())
    }

    async fn ready(&self, realm: &str) {
        let url = self.issuer(realm);
        let answers = async || self.http.get(&url).send().await.is_ok_and(|it| it.status() == 200);
        until_within(START, "Keycloak answers", answers).await;
    }

    /// Kills the script and the virtual machine.
    fn stop(&mut self) {
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-s", "KILL", "--", &group]).status();
        let _ = self.process.wait();
    }

    async fn restart(&mut self) {
        self.process = run(self.port, &self.folder);
        self.ready("rs256").await;
    }

    /// Sends a request to the administration of realms.
    async fn admin(&self, method: Method, path: &str, body: &Value) -> Value {
        let url = format!("{}/protocol/openid-connect/token", self.issuer("master"));
        let form = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", "admin"),
            ("password", "admin"),
        ];
        let token: Value =
            self.http.post(url).form(&form).send().await.unwrap().json().await.unwrap();
        let url = format!("{}/admin/realms{path}", self.url());
        let request = self.http.request(method, url).json(body);
        let answer = request.bearer_auth(token["access_token"].as_str().unwrap()).send().await;
        let answer = answer.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
    }

    /// Makes another key for signatures, and removes the others.
    async fn rotate_keys(&self) {
        let path = "/rs256/components";
        let keys = format!("{path}?type=org.keycloak.keys.KeyProvider");
        let old = self.admin(Method::GET, &keys, &json!({})).await;
        let key = json!({
            "name": "next", "parentId": "rs256", "providerType": "org.keycloak.keys.KeyProvider",
            "providerId": "rsa-generated", "config": { "priority": ["200"], "algorithm": ["RS256"] },
        });
        self.admin(Method::POST, path, &key).await;
        for key in old.as_array().unwrap().iter().filter(|key| key["providerId"] == "rsa-generated")
        {
            let path = format!("{path}/{}", key["id"].as_str().unwrap());
            self.admin(Method::DELETE, &path, &json!({})).await;
        }
    }
}

impl Provider for Keycloak {
    async fn authorize(&self, page: &Url, login: &str) -> Url {
        let answer = self.http.get(page.clone()).send().await.unwrap();
        let cookies: Vec<_> = answer
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned())
            .collect();
        let html = answer.text().await.unwrap();
        let action = html.split("action=\"").nth(1).unwrap_or_else(|| panic!("{html}"));
        let action = action.split('"').next().unwrap().replace("&amp;", "&");
        let form = [("username", login), ("password", "x")];
        let request = self.http.post(action).header(COOKIE, cookies.join("; ")).form(&form);
        let answer = request.send().await.unwrap();
        let location = answer.headers().get(LOCATION).unwrap_or_else(|| panic!("{answer:?}"));
        location.to_str().unwrap().parse().unwrap()
    }
}

/// A realm whose ID tokens are signed by this algorithm.
fn realm(algorithm: &str) -> Value {
    let name = algorithm.to_lowercase();
    let users = ["ada", "bob"].map(|user| {
        json!({
            "username": user, "enabled": true, "email": format!("{user}@example.com"),
            "emailVerified": true, "firstName": user, "lastName": "Lovelace",
            "credentials": [{ "type": "password", "value": "x" }],
        })
    });
    let client = json!({
        "clientId": "web", "secret": "secret", "redirectUris": [callback(&name)],
        "attributes": { "id.token.signed.response.alg": algorithm },
    });
    json!({ "id": name, "realm": name, "enabled": true, "users": users, "clients": [client] })
}

fn run(port: u16, folder: &TempDir) -> Child {
    let mut command = Command::new(format!("{}/bin/kc.sh", setting("KEYCLOAK")));
    command.args(["start", "--optimized", "--cache=local", "--http-enabled=true"]);
    command.arg("--hostname-strict=false");
    command.args(["--http-host=127.0.0.1", &format!("--http-port={port}")]);
    let database = folder.path().join("keycloakdb");
    // It is killed: what it has committed must be on disk.
    let options = "NON_KEYWORDS=VALUE;WRITE_DELAY=0";
    command.arg(format!("--db-url=jdbc:h2:file:{};{options}", database.display()));
    command.process_group(0).env("JAVA_OPTS_KC_HEAP", "-Xms64m -Xmx512m");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn users_sign_in_link_and_unlink_across_new_keys_and_a_restart_and_with_a_second_factor() {
    let Some(mut provider) = Keycloak::start().await else { return };
    let (issuer, other) = (provider.issuer("rs256"), provider.issuer("ps256"));
    let algorithm = "algorithms = [\"PS256\"]";
    let site = Site::start(&[("rs256", &issuer, ""), ("ps256", &other, algorithm)]).await;
    let me = site.sign_in_twice(&provider).await;
    site.link_and_unlink(&provider).await;

    // Its key for this algorithm is made now, and was not published before.
    let browser = Browser { provider: "ps256".into(), ..site.browser.clone() };
    let flow = browser.begin().await;
    let back = provider.authorize(&flow.authorization_url, "ada").await;
    let ada = site.caller(&browser.follow(&flow, &back).await);
    assert_eq!(ada.get("me").await.ok()["email"], "ada@example.com");

    provider.rotate_keys().await;
    assert_eq!(site.account(&provider, "ada").await["id"], me["id"]);

    // It dies before the exchange.
    let flow = site.browser.begin().await;
    let back = provider.authorize(&flow.authorization_url, "ada").await;
    provider.stop();
    site.browser.follow(&flow, &back).await.expect(503, "provider_unavailable");
    provider.restart().await;
    assert_eq!(site.account(&provider, "ada").await["id"], me["id"]);

    site.use_second_factor(&provider).await;
}
