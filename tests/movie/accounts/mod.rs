//! Accounts through movie-api, which forwards them to auth-server.

mod contract;
mod origin;
mod profile;
mod second_factor;
mod sessions;
mod sign_up;
mod unavailable;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tests::{Answer, PASSWORD};

use crate::site::{Running, Site, send};

/// A pair of tokens.
struct Pair {
    access: String,
    refresh: String,
}

impl Pair {
    fn of(answer: &Answer) -> Self {
        answer.ok();
        Self { access: answer.string("access_token"), refresh: answer.string("refresh_token") }
    }

    fn body(&self) -> Value {
        json!({ "access_token": self.access, "refresh_token": self.refresh })
    }
}

/// An e-mail address and a password, as the front end sends them.
fn credentials(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD })
}

impl Running {
    async fn call(&self, method: Method, path: &str, token: Option<&str>, body: &Value) -> Answer {
        send(Client::new().request(method, format!("{}{path}", self.url)).json(body), token).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, None, body).await
    }

    /// `POST` without a body.
    async fn post_empty(&self, path: &str, token: Option<&str>) -> Answer {
        send(Client::new().post(format!("{}{path}", self.url)), token).await
    }

    /// A new account with this address.
    async fn sign_up(&self, email: &str) -> Pair {
        Pair::of(&self.post("/auth/register", &credentials(email)).await.expect(201, ""))
    }

    /// A new session of the account with this address.
    async fn sign_in(&self, email: &str) -> Pair {
        Pair::of(&self.post("/auth/login", &credentials(email)).await.expect(200, ""))
    }
}

/// Asserts that an answer is the one that auth-server itself gives.
fn assert_unchanged(relayed: &Answer, own: &Answer) {
    assert_eq!((relayed.status, &relayed.text), (own.status, &own.text));
    for header in ["content-type", "www-authenticate", "retry-after", "ratelimit-policy"] {
        assert_eq!(relayed.header(header), own.header(header), "{header}");
    }
    assert!(relayed.header("cache-control").contains("no-store"), "{relayed:?}");
}

/// auth-server's own answer to a `POST`.
async fn own(site: &Site, path: &str, body: &Value) -> Answer {
    site.guest().post(path, body).await
}
