//! Callers of an auth-server.

use std::ops::Deref;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{Answer, contract, token};

/// A guest, or the bearer of a token. Paths are relative to `/api/v1/` unless they start with a
/// slash.
#[derive(Clone)]
pub struct Caller {
    http: Client,
    server: String,
    token: Option<String>,
}

/// An account owner, signed in.
pub struct User {
    /// Id of the account.
    pub id: String,
    /// As typed at registration.
    pub login: String,
    /// The current refresh token of the session.
    pub refresh_token: String,
    /// Sends requests with the access token.
    pub caller: Caller,
}

impl Deref for User {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl User {
    /// Id of the session.
    ///
    /// # Panics
    /// If the access token has no `sid`.
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

    /// The same caller with this access token, valid or not.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same caller without a token.
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
    /// If the caller is a guest.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap()
    }

    /// True unless the caller is a guest.
    #[must_use]
    pub const fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Builds a request for [`Caller::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let prefix = if path.starts_with('/') { "" } else { "/api/v1/" };
        let request = self.http.request(method, format!("{}{prefix}{path}", self.server));
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    /// Sends a request.
    ///
    /// # Panics
    /// If there is no response, or `/openapi.json` does not document it.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let answer = Answer::to(&self.http, request).await;
        contract::verify(&self.http, &self.server, &answer).await;
        answer
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `DELETE` without a body.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// `DELETE` with a JSON body.
    pub async fn delete_with(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::DELETE, path).json(body)).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// `POST` without a body.
    pub async fn post_empty(&self, path: &str) -> Answer {
        self.send(self.request(Method::POST, path)).await
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

    /// `POST auth/login`, whatever the outcome.
    pub async fn log_in(&self, login: &str, password: &str) -> Answer {
        self.post("auth/login", &json!({ "login": login, "password": password })).await
    }

    /// `POST auth/refresh`, whatever the outcome.
    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        self.post("auth/refresh", &json!({ "refresh_token": refresh_token })).await
    }

    /// `POST auth/refresh` with an access token, whatever the outcome.
    pub async fn refresh_pair(&self, refresh_token: &str, access_token: &str) -> Answer {
        let pair = json!({ "refresh_token": refresh_token, "access_token": access_token });
        self.post("auth/refresh", &pair).await
    }

    /// `POST auth/logout`, whatever the outcome.
    pub async fn log_out(&self) -> Answer {
        self.post_empty("auth/logout").await
    }

    /// All items of a collection, following `next` from page to page.
    ///
    /// # Panics
    /// If a page is not a list.
    pub async fn items(&self, path: &str) -> Vec<Value> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}{cursor}")).await.ok();
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            let Some(next) = page["next"].as_str() else { return items };
            cursor = format!("{separator}cursor={next}");
        }
    }
}
