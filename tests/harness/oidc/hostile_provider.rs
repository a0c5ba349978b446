//! A provider that says whatever a test wants it to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use auth_server::clock::Clock;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use futures::stream;
use poem::endpoint::make;
use poem::listener::TcpAcceptor;
use poem::{Body, Request, Response, Server};
use reqwest::Url;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

use super::script::{ACCESS_TOKEN, CLIENT, Page, SECRET, Script};

/// A provider that answers until the test is over.
pub struct HostileProvider {
    /// Where it is; its issuer.
    pub url: String,
    state: Arc<State>,
}

struct State {
    url: String,
    clock: Clock,
    script: Mutex<Script>,
    /// Codes that were given out, with the nonce and the PKCE challenge of each.
    codes: Mutex<HashMap<String, (String, String)>>,
    asked: Mutex<HashMap<String, usize>>,
    /// ID tokens that were given out.
    tokens: Mutex<Vec<String>>,
}

impl HostileProvider {
    /// Starts one that cheats in nothing yet.
    ///
    /// # Panics
    /// No port is free.
    pub async fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (codes, asked, tokens) = (Mutex::default(), Mutex::default(), Mutex::default());
        let state = Arc::new(State {
            url: url.clone(),
            clock,
            script: Mutex::default(),
            codes,
            asked,
            tokens,
        });
        let answering = Arc::clone(&state);
        let endpoint = make(move |request| {
            let state = Arc::clone(&answering);
            async move { Ok::<_, poem::Error>(state.answer(request).await) }
        });
        let acceptor = TcpAcceptor::from_tokio(listener).unwrap();
        tokio::spawn(Server::new_with_acceptor(acceptor).run(endpoint));
        Self { url, state }
    }

    /// What it says from now on.
    ///
    /// # Panics
    /// A test that held it panicked.
    pub fn script(&self) -> MutexGuard<'_, Script> {
        self.state.script.lock().unwrap()
    }

    /// How often this path was asked for.
    ///
    /// # Panics
    /// A test that held it panicked.
    #[must_use]
    pub fn asked(&self, path: &str) -> usize {
        self.state.asked.lock().unwrap().get(path).copied().unwrap_or_default()
    }

    /// The ID tokens that it gave out.
    ///
    /// # Panics
    /// A test that held them panicked.
    #[must_use]
    pub fn tokens(&self) -> Vec<String> {
        self.state.tokens.lock().unwrap().clone()
    }

    /// The code that somebody gets who agrees on the page of this URL.
    ///
    /// # Panics
    /// The URL is not one of a sign-in, as it should be.
    #[must_use]
    pub fn agree(&self, page: &Url) -> String {
        let query: HashMap<_, _> = page.query_pairs().into_owned().collect();
        assert!(page.as_str().starts_with(&format!("{}/authorize?", self.url)), "{page}");
        let fixed =
            ["response_type", "client_id", "code_challenge_method"].map(|name| &*query[name]);
        assert_eq!(fixed, ["code", CLIENT, "S256"]);
        assert!(query["scope"].split(' ').any(|scope| scope == "openid"), "{page}");
        let code = format!("code-{}", uuid::Uuid::new_v4());
        let kept = (query["nonce"].clone(), query["code_challenge"].clone());
        self.state.codes.lock().unwrap().insert(code.clone(), kept);
        code
    }
}

impl State {
    async fn answer(&self, request: Request) -> Response {
        let path = request.uri().path().to_owned();
        *self.asked.lock().unwrap().entry(path.clone()).or_default() += 1;
        let script = self.script.lock().unwrap().clone();
        match path.as_str() {
            "/.well-known/openid-configuration" => {
                page(&script.metadata_page, || script.metadata(&self.url).to_string())
            }
            "/keys" => page(&script.keys_page, || script.keys().to_string()),
            "/token" => {
                let token = self.token(&script, request).await;
                match token {
                    Ok(token) => page(&script.token_page, || token),
                    Err(code) => json(json!({ "error": code }).to_string()).status(400),
                }
            }
            _ => Response::builder().status(status(404)).finish(),
        }
    }

    /// Even one that cheats looks at what a client has to show.
    async fn token(&self, script: &Script, request: Request) -> Result<String, &'static str> {
        let told = BASE64_STANDARD.encode(format!("{CLIENT}:{}", SECRET.replace(' ', "+")));
        let header = request.header("authorization").map(str::to_owned);
        let form = request.into_body().into_string().await.map_err(|_| "invalid_request")?;
        let form = Url::parse(&format!("http://x/?{form}")).map_err(|_| "invalid_request")?;
        let form: HashMap<_, _> = form.query_pairs().into_owned().collect();
        let by_post = script.metadata.get("token_endpoint_auth_methods_supported").is_some();
        let known = if by_post {
            header.is_none() && form.get("client_secret").is_some_and(|secret| secret == SECRET)
        } else {
            header == Some(format!("Basic {told}")) && !form.contains_key("client_secret")
        };
        if !known {
            return Err("invalid_client");
        }
        let code = form.get("code").ok_or("invalid_request")?;
        let kept = self.codes.lock().unwrap().remove(code);
        let (nonce, challenge) = kept.ok_or("invalid_grant")?;
        let verifier = form.get("code_verifier").ok_or("invalid_grant")?;
        if BASE64.encode(Sha256::digest(verifier)) != challenge {
            return Err("invalid_grant");
        }
        let id_token = script.id_token(&self.url, &nonce, self.clock.now());
        self.tokens.lock().unwrap().push(id_token.clone());
        let answer = json!({
            "access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 60,
            "id_token": id_token,
        });
        Ok(answer.to_string())
    }
}

trait Status {
    fn status(self, number: u16) -> Self;
}

impl Status for Response {
    fn status(mut self, number: u16) -> Self {
        self.set_status(status(number));
        self
    }
}

fn status(number: u16) -> poem::http::StatusCode {
    poem::http::StatusCode::from_u16(number).unwrap()
}

fn json(text: impl Into<Body>) -> Response {
    Response::builder().content_type("application/json").body(text)
}

fn page(page: &Page, usual: impl FnOnce() -> String) -> Response {
    match page {
        Page::Usual => json(usual()),
        Page::Text(text) => json(text.clone()),
        Page::Status(number) => Response::from("no JSON").status(*number),
        Page::Redirect(url) => Response::builder().header("location", url).finish().status(302),
        // Well-formed as far as it goes.
        Page::Slow => json(Body::from_bytes_stream(stream::unfold(0, async |number| {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Some((std::io::Result::Ok(" "), number + 1))
        }))),
        Page::Huge => {
            let text = usual();
            json(format!("{}{text}", " ".repeat(1 << 20)))
        }
    }
}
