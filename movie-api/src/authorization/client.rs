//! The two questions to auth-server, over HTTP.

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, Utc};
use poem::http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::redirect::Policy;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::AuthError;
use crate::caller::Caller;
use crate::config::BaseUrl;
use crate::http::RequestId;
use crate::problem::{Asker, Reason};

/// What `POST /api/v1/filter` answers.
#[derive(Clone, Debug, Deserialize)]
pub struct Filter {
    #[serde(flatten)]
    scope: Scope,
    /// When the query stops being right on its own; the usual one has no end.
    pub valid_until: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Scope {
    All,
    None,
    Some { query: Value },
}

impl Filter {
    /// The Elasticsearch query that admits what the caller may read.
    pub fn query(&self) -> Value {
        match &self.scope {
            Scope::All => json!({ "match_all": {} }),
            Scope::None => json!({ "match_none": {} }),
            Scope::Some { query } => query.clone(),
        }
    }
}

/// What `POST /api/v1/check` answers.
#[derive(Debug, Deserialize)]
pub struct Decision {
    /// Whether the caller may read the film.
    pub allowed: bool,
    /// Why.
    pub reason: Reason,
}

/// auth-server's 401, for the caller.
#[derive(Debug)]
pub struct Relayed {
    /// `Content-Type` of the body.
    pub content_type: Option<HeaderValue>,
    /// The challenge.
    pub www_authenticate: Option<HeaderValue>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// A client of auth-server with its own pool of connections.
pub struct AuthServer {
    http: reqwest::Client,
    base: String,
}

impl AuthServer {
    /// Nothing is retried, and no answer is waited for longer than `timeout`.
    ///
    /// # Errors
    /// The HTTP client can't be built.
    pub fn new(base: &BaseUrl, timeout: Duration) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(timeout)
            // Tokens go to auth-server and nowhere else.
            .redirect(Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { http, base: base.as_str().to_owned() })
    }

    /// Which films the caller may read.
    pub async fn filter(&self, caller: &Caller) -> Result<Filter, AuthError> {
        self.ask("filter", caller, &json!({ "action": "read", "type": "film" })).await
    }

    /// Whether the caller may read the film with this id and this `access`, `None` when its
    /// document has none.
    pub async fn check(
        &self,
        caller: &Caller,
        id: &str,
        access: Option<&Value>,
    ) -> Result<Decision, AuthError> {
        let mut resource = json!({ "type": "film", "id": id });
        if let (Some(access), Some(resource)) = (access, resource.as_object_mut()) {
            resource.insert("access".into(), access.clone());
        }
        self.ask("check", caller, &json!({ "action": "read", "resource": resource })).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        question: &'static str,
        caller: &Caller,
        body: &Value,
    ) -> Result<T, AuthError> {
        let request = self
            .http
            .post(format!("{}/api/v1/{question}", self.base))
            .headers(headers(&caller.authorization, &caller.request_id))
            .json(body);
        let answer = answer(request, caller.asker()).await;
        let outcome = match &answer {
            Ok(_) => "answered",
            Err(AuthError::Rejected(_)) => "rejected",
            Err(AuthError::Away(_)) => "away",
            Err(AuthError::Unusable(_)) => "unusable",
        };
        metrics::counter!("movie_auth_total", "question" => question, "outcome" => outcome)
            .increment(1);
        answer
    }
}

fn headers(authorization: &[HeaderValue], request_id: &RequestId) -> HeaderMap {
    let credentials = authorization.iter().map(|value| (header::AUTHORIZATION, value.clone()));
    let id = (crate::http::REQUEST_ID, request_id.header());
    let mut headers = HeaderMap::new();
    for (name, value) in credentials.chain([id]) {
        headers.append(name, value);
    }
    headers
}

async fn answer<T: DeserializeOwned>(
    request: reqwest::RequestBuilder,
    asker: Asker,
) -> Result<T, AuthError> {
    let response = request.send().await.map_err(|error| away(&error))?;
    let status = response.status();
    let headers = response.headers().clone();
    let body = response.bytes().await.map_err(|error| away(&error))?;
    match (status, asker) {
        (StatusCode::OK, _) => {
            serde_json::from_slice(&body).map_err(|error| AuthError::Unusable(error.to_string()))
        }
        (StatusCode::UNAUTHORIZED, Asker::User) => Err(AuthError::Rejected(Relayed {
            content_type: headers.get(header::CONTENT_TYPE).cloned(),
            www_authenticate: headers.get(header::WWW_AUTHENTICATE).cloned(),
            body: body.into(),
        })),
        (status, _) if status.is_server_error() => Err(AuthError::Away(status.to_string())),
        (status, _) => Err(AuthError::Unusable(status.to_string())),
    }
}

/// The error with its causes; reqwest alone only says that a request failed.
fn away(error: &reqwest::Error) -> AuthError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    AuthError::Away(text)
}
