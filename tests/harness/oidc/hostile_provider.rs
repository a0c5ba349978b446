//! A provider that answers whatever its script says.

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

use super::script::{ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, Reply, Script};

/// A provider that runs until the end of the test.
pub struct HostileProvider {
    /// Its URL and issuer.
    pub url: String,
    state: Arc<State>,
}

struct State {
    url: String,
    clock: Clock,
    script: Mutex<Script>,
    /// Issued codes, with the nonce and the PKCE challenge of each.
    codes: Mutex<HashMap<String, (String, String)>>,
    requests: Mutex<HashMap<String, usize>>,
    /// Issued ID tokens.
    tokens: Mutex<Vec<String>>,
}

impl HostileProvider {
    /// Starts a provider that answers correctly.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (codes, requests, tokens) = (Mutex::default(), Mutex::default(), Mutex::default());
        let state = Arc::new(State {
            url: url.clone(),
            clock,
            script: Mutex::default(),
            codes,
            requests,
            tokens,
        });
        let serving = Arc::clone(&state);
        let endpoint = make(move |request| {
            let state = Arc::clone(&serving);
            async move { Ok::<_, poem::Error>(state.answer(request).await) }
        });
        let acceptor = TcpAcceptor::from_tokio(listener).unwrap();
        tokio::spawn(Server::new_with_acceptor(acceptor).run(endpoint));
        Self { url, state }
    }

    /// Its script, to be changed by the test.
    ///
    /// # Panics
    /// If a test that held the lock panicked.
    pub fn script(&self) -> MutexGuard<'_, Script> {
        self.state.script.lock().unwrap()
    }

    /// The number of requests to this path.
    ///
    /// # Panics
    /// If a test that held the lock panicked.
    #[must_use]
    pub fn requests_to(&self, path: &str) -> usize {
        self.state.requests.lock().unwrap().get(path).copied().unwrap_or_default()
    }

    /// The ID tokens that it has issued.
    ///
    /// # Panics
    /// If a test that held the lock panicked.
    #[must_use]
    pub fn tokens(&self) -> Vec<String> {
        self.state.tokens.lock().unwrap().clone()
    }

    /// The code for a user who consents on the page at this URL.
    ///
    /// # Panics
    /// If the URL is not a correct authorization request.
    #[must_use]
    pub fn authorize(&self, authorization_url: &Url) -> String {
        let query: HashMap<_, _> = authorization_url.query_pairs().into_owned().collect();
        let endpoint = format!("{}/authorize?", self.url);
        assert!(authorization_url.as_str().starts_with(&endpoint), "{authorization_url}");
        let fixed =
            ["response_type", "client_id", "code_challenge_method"].map(|name| &*query[name]);
        assert_eq!(fixed, ["code", CLIENT_ID, "S256"]);
        assert!(query["scope"].split(' ').any(|scope| scope == "openid"), "{authorization_url}");
        let code = format!("code-{}", uuid::Uuid::new_v4());
        let issued = (query["nonce"].clone(), query["code_challenge"].clone());
        self.state.codes.lock().unwrap().insert(code.clone(), issued);
        code
    }
}

impl State {
    async fn answer(&self, request: Request) -> Response {
        let path = request.uri().path().to_owned();
        *self.requests.lock().unwrap().entry(path.clone()).or_default() += 1;
        let script = self.script.lock().unwrap().clone();
        match path.as_str() {
            "/.well-known/openid-configuration" => {
                reply(&script.metadata_reply, || script.metadata(&self.url).to_string())
            }
            "/keys" => reply(&script.jwks_reply, || script.keys().to_string()),
            "/token" => {
                let token = self.token(&script, request).await;
                match token {
                    Ok(token) => reply(&script.token_reply, || token),
                    Err(code) => json(json!({ "error": code }).to_string()).status(400),
                }
            }
            "/userinfo" => {
                let bearer = format!("Bearer {ACCESS_TOKEN}");
                if request.header("authorization") == Some(&bearer) {
                    reply(&script.user_info_reply, || script.user_info.to_string())
                } else {
                    Response::builder().status(status(401)).finish()
                }
            }
            _ => Response::builder().status(status(404)).finish(),
        }
    }

    /// Even a hostile provider authenticates its client and checks PKCE.
    async fn token(&self, script: &Script, request: Request) -> Result<String, &'static str> {
        let basic =
            BASE64_STANDARD.encode(format!("{CLIENT_ID}:{}", CLIENT_SECRET.replace(' ', "+")));
        let header = request.header("authorization").map(str::to_owned);
        let form = request.into_body().into_string().await.map_err(|_| "invalid_request")?;
        let form = Url::parse(&format!("http://x/?{form}")).map_err(|_| "invalid_request")?;
        let form: HashMap<_, _> = form.query_pairs().into_owned().collect();
        let by_post = script.metadata.get("token_endpoint_auth_methods_supported").is_some();
        let authenticated = if by_post {
            header.is_none()
                && form.get("client_secret").is_some_and(|secret| secret == CLIENT_SECRET)
        } else {
            header == Some(format!("Basic {basic}")) && !form.contains_key("client_secret")
        };
        if !authenticated {
            return Err("invalid_client");
        }
        let code = form.get("code").ok_or("invalid_request")?;
        let issued = self.codes.lock().unwrap().remove(code);
        let (nonce, challenge) = issued.ok_or("invalid_grant")?;
        let verifier = form.get("code_verifier").ok_or("invalid_grant")?;
        if BASE64.encode(Sha256::digest(verifier)) != challenge {
            return Err("invalid_grant");
        }
        let id_token = script.id_token(&self.url, &nonce, self.clock.now());
        self.tokens.lock().unwrap().push(id_token.clone());
        Ok(script.tokens(&id_token).to_string())
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

fn reply(reply: &Reply, normal: impl FnOnce() -> String) -> Response {
    match reply {
        Reply::Normal => json(normal()),
        Reply::Text(text) => json(text.clone()),
        Reply::Status(number) => Response::from("no JSON").status(*number),
        Reply::Redirect(url) => Response::builder().header("location", url).finish().status(302),
        // A well-formed body that never ends.
        Reply::Slow => json(Body::from_bytes_stream(stream::unfold(0, async |number| {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Some((std::io::Result::Ok(" "), number + 1))
        }))),
        Reply::Huge => {
            let text = normal();
            json(format!("{}{text}", " ".repeat(1 << 20)))
        }
    }
}
