//! Requests, and what came of them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::Value;

/// After this time a request counts as refused.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where requests go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// The load balancer before both auth-servers.
    Proxy,
    /// One of the auth-servers.
    Auth(usize),
    Movie,
    Labeler,
    Elasticsearch,
}

/// The URLs of a site, without a slash at the end.
#[derive(Clone, Debug)]
pub(crate) struct Urls {
    pub(crate) proxy: String,
    pub(crate) auth: [String; 2],
    pub(crate) movie: String,
    /// The labeler's listener for operators.
    pub(crate) labeler: String,
    pub(crate) elasticsearch: String,
}

impl Urls {
    fn of(&self, at: At) -> &str {
        match at {
            At::Proxy => &self.proxy,
            At::Auth(number) => self.auth.get(number).map_or("", String::as_str),
            At::Movie => &self.movie,
            At::Labeler => &self.labeler,
            At::Elasticsearch => &self.elasticsearch,
        }
    }
}

/// A client of the whole site.
pub(crate) struct Http {
    client: Client,
    urls: Urls,
    requests: AtomicU32,
}

/// A request.
pub(crate) struct Request<'a> {
    pub(crate) at: At,
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    /// Access token; none of a guest.
    pub(crate) token: Option<&'a str>,
    /// `null`: no body.
    pub(crate) body: Value,
    /// `Idempotency-Key`.
    pub(crate) key: Option<&'a str>,
}

/// What came of a request.
#[derive(Debug)]
pub(crate) struct Reply {
    /// HTTP status; 0 without a response.
    pub(crate) status: u16,
    /// JSON of the response, or `null`.
    pub(crate) body: Value,
    /// Which auth-server answered, if that is known.
    pub(crate) server: Option<usize>,
    pub(crate) sent: Instant,
    pub(crate) done: Instant,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Acknowledged,
    /// The server says that it failed.
    Refused,
    /// No answer, or one that leaves it open.
    Unknown,
}

impl Http {
    pub(crate) fn new(urls: Urls) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().timeout(TIMEOUT).build()?;
        Ok(Self { client, urls, requests: AtomicU32::new(0) })
    }

    /// `GET`.
    pub(crate) async fn get(&self, at: At, path: &str, token: Option<&str>) -> Reply {
        self.send(Request { at, method: Method::GET, path, token, body: Value::Null, key: None })
            .await
    }

    /// `POST`.
    pub(crate) async fn post(&self, at: At, path: &str, token: Option<&str>, body: Value) -> Reply {
        self.send(Request { at, method: Method::POST, path, token, body, key: None }).await
    }

    /// Sends a request and reads the whole response. Each comes from a network of its own, so that no
    /// limit for networks applies.
    pub(crate) async fn send(&self, request: Request<'_>) -> Reply {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let [_, b, c, d] = number.to_be_bytes();
        let url = format!("{}{}", self.urls.of(request.at), request.path);
        let mut built = self.client.request(request.method, url);
        built = built.header("x-forwarded-for", format!("10.{b}.{c}.{d}"));
        if let Some(token) = request.token {
            built = built.bearer_auth(token);
        }
        if let Some(key) = request.key {
            built = built.header("idempotency-key", key);
        }
        if !request.body.is_null() {
            built = built.json(&request.body);
        }
        let sent = Instant::now();
        let (status, server, body) = match built.send().await {
            Err(_) => (0, None, Value::Null),
            Ok(response) => {
                let status = response.status().as_u16();
                let server = self.server(request.at, &response);
                match response.bytes().await {
                    Err(_) => (0, server, Value::Null),
                    Ok(body) => (status, server, serde_json::from_slice(&body).unwrap_or_default()),
                }
            }
        };
        Reply { status, body, server, sent, done: Instant::now() }
    }

    fn server(&self, at: At, response: &reqwest::Response) -> Option<usize> {
        if let At::Auth(number) = at {
            return Some(number);
        }
        // After a repetition the header has both addresses.
        let served_by = response.headers().get("x-served-by")?.to_str().ok()?;
        let address = served_by.rsplit(", ").next()?;
        self.urls.auth.iter().position(|url| url.ends_with(&format!("/{address}")))
    }
}

impl Reply {
    /// A 2xx.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the site could not answer: no response, overload, or an error of a server.
    pub(crate) fn is_refusal(&self) -> bool {
        self.status == 0 || self.status == 429 || self.status >= 500
    }

    /// What became of the write that was asked for.
    pub(crate) fn written(&self) -> Written {
        match (self.status, self.code()) {
            (200..300, _) => Written::Acknowledged,
            // A proxy's own answers have no code.
            (0 | 500.., "" | "outcome_unknown" | "internal") => Written::Unknown,
            _ => Written::Refused,
        }
    }

    /// The problem code, or an empty string.
    pub(crate) fn code(&self) -> &str {
        self.text("/code")
    }

    /// The string at this JSON pointer, or an empty string.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// What a decision says.
    pub(crate) fn allowed(&self) -> Option<bool> {
        self.body.pointer("/allowed")?.as_bool()
    }

    /// Status and code.
    pub(crate) fn summary(&self) -> String {
        match (self.status, self.code()) {
            (0, _) => format!("no response in {:.1} s", (self.done - self.sent).as_secs_f64()),
            (status, "") => status.to_string(),
            (status, code) => format!("{status} {code}"),
        }
    }
}
