//! Whoever asks a server.

use std::ops::Deref;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use crate::{Answer, token};

/// A guest, or the bearer of a token. Paths are below `/api/v1/`, unless they begin with a slash.
#[derive(Clone)]
pub struct Caller {
    http: Client,
    server: String,
    token: Option<String>,
}

/// Somebody with an account, signed in.
pub struct User {
    /// Identifies the account.
    pub id: String,
    /// As typed at registration.
    pub login: String,
    /// Good for the next pair of tokens.
    pub refresh_token: String,
    /// Asks with the access token.
    pub caller: Caller,
}

impl Deref for User {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl User {
    /// Identifies the session.
    ///
    /// # Panics
    /// The access token names none.
    #[must_use]
    pub fn session(&self) -> String {
        token::read(self.token()).1["sid"].as_str().unwrap().to_owned()
    }
}

impl Caller {
    /// A guest of the server at this URL.
    #[must_use]
    pub fn guest(http: Client, server: &str) -> Self {
        Self { http, server: server.to_owned(), token: None }
    }

    /// The same with this access token, whatever it is.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same without a token.
    #[must_use]
    pub fn without_token(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// The same caller at another server.
    #[must_use]
    pub fn at(&self, server: &str) -> Self {
        Self { server: server.to_owned(), ..self.clone() }
    }

    /// The access token.
    ///
    /// # Panics
    /// A guest has none.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap()
    }

    /// A request, to be sent by [`Caller::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let prefix = if path.starts_with('/') { "" } else { "/api/v1/" };
        let request = self.http.request(method, format!("{}{prefix}{path}", self.server));
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    /// Sends a request.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::to(&self.http, request).await
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// `PUT` with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    /// Any method, with a JSON body and `If-Match`.
    pub async fn if_match(&self, tag: &str, method: Method, path: &str, body: &Value) -> Answer {
        self.send(self.request(method, path).header("if-match", tag).json(body)).await
    }
}
