//! Requests to auth-server.

mod users;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use poem::http::{HeaderMap, HeaderValue, StatusCode, header};
use poem_openapi::Object;
use reqwest::redirect::Policy;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use service::http::{REQUEST_ID, SUBJECT_TOKEN, bearer_token};
use service::outbound;

use super::AuthError;
use crate::caller::{Caller, CallerKind};
use crate::config::AuthConfig;
use crate::metrics::AuthMetrics;
pub(crate) use users::DeletedUsers;

/// What the caller may read.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "FilterResponse")]
pub(crate) struct Filter {
    /// The Elasticsearch query that matches it, as text: it is only ever passed on.
    pub(super) query: Arc<RawValue>,
    /// When the query becomes incorrect by itself; usually never.
    pub(super) valid_until: Option<DateTime<Utc>>,
}

/// The response of `POST /api/v1/filter`.
#[derive(Deserialize)]
struct FilterResponse {
    kind: Kind,
    /// Only of the kind `some`.
    query: Option<Box<RawValue>>,
    valid_until: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    All,
    None,
    Some,
}

impl TryFrom<FilterResponse> for Filter {
    type Error = serde_json::Error;

    fn try_from(response: FilterResponse) -> Result<Self, Self::Error> {
        let query = match response.kind {
            // A document without `id` is no film, and is counted for no other caller either.
            Kind::All => to_raw_value(&json!({ "exists": { "field": "id" } }))?,
            Kind::None => to_raw_value(&json!({ "match_none": {} }))?,
            Kind::Some => response.query.ok_or_else(|| Self::Error::missing_field("query"))?,
        };
        Ok(Self { query: query.into(), valid_until: response.valid_until })
    }
}

/// The response of `POST /api/v1/check`.
#[derive(Debug, Deserialize)]
pub(crate) struct Decision {
    /// Whether the caller may read the film.
    pub(crate) allowed: bool,
    /// Why.
    pub(crate) reason: Reason,
}

/// Why a film is refused.
#[derive(Clone, Debug, Serialize, Deserialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct Reason {
    /// auth-server's code of the reason; `guest_filter` if auth-server is unavailable and the cached guest
    /// filter does not match the film; `filter` if auth-server's filter does not match the film and there
    /// is no other reason, for example because it became unavailable in between.
    pub(crate) code: String,
    /// The label that decided, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
}

impl Reason {
    /// A reason without a label.
    pub(crate) fn of_code(code: &str) -> Self {
        Self { code: code.to_owned(), label: None }
    }
}

/// auth-server's 401, for the caller.
#[derive(Debug)]
pub(crate) struct TokenRefusal {
    /// `Content-Type` of the body.
    pub(crate) content_type: Option<HeaderValue>,
    /// The challenge.
    pub(crate) www_authenticate: Option<HeaderValue>,
    /// The body, byte for byte.
    pub(crate) body: Vec<u8>,
}

/// A client of auth-server with its own pool of connections.
pub(crate) struct AuthServer {
    http: reqwest::Client,
    base: String,
    /// Credentials of the service client; without one, callers speak for themselves.
    credentials: Option<HeaderValue>,
    /// Whether auth-server refused movie-api at the last answer about a filter.
    refused: AtomicBool,
    metrics: AuthMetrics,
}

impl AuthServer {
    /// Requests are not retried.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub(super) fn new(
        config: &AuthConfig,
        credentials: Option<HeaderValue>,
        metrics: AuthMetrics,
    ) -> Result<Self, reqwest::Error> {
        let http = outbound::client_for(config.url.url())
            .timeout(config.timeout())
            // Tokens go to auth-server and nowhere else.
            .redirect(Policy::none())
            .build()?;
        let base = config.url.as_str().to_owned();
        Ok(Self { http, base, credentials, refused: AtomicBool::new(false), metrics })
    }

    /// Whether auth-server refused the credentials of the service client, or requires some.
    pub(super) fn refuses_client(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// Which films the caller may read.
    pub(super) async fn filter(&self, caller: &Caller) -> Result<Filter, AuthError> {
        let filter =
            self.post("filter", caller, &json!({ "action": "read", "type": "film" })).await;
        match &filter {
            Ok(_) | Err(AuthError::TokenRefused(_)) => self.refused.store(false, Ordering::Relaxed),
            Err(AuthError::ClientRefused(_)) => self.refused.store(true, Ordering::Relaxed),
            Err(
                AuthError::Unavailable(_) | AuthError::TimedOut | AuthError::InvalidResponse(_),
            ) => {}
        }
        filter
    }

    /// Whether the caller may read the film with this id and this `access`, `None` when its
    /// document has none.
    pub(super) async fn check(
        &self,
        caller: &Caller,
        id: &str,
        access: Option<&Value>,
    ) -> Result<Decision, AuthError> {
        let mut resource = json!({ "type": "film", "id": id });
        if let (Some(access), Some(resource)) = (access, resource.as_object_mut()) {
            resource.insert("access".into(), access.clone());
        }
        self.post("check", caller, &json!({ "action": "read", "resource": resource })).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        endpoint: &'static str,
        caller: &Caller,
        body: &Value,
    ) -> Result<T, AuthError> {
        let request = self
            .http
            .post(format!("{}/api/v1/{endpoint}", self.base))
            .headers(self.headers(caller))
            .json(body);
        self.send(endpoint, request, caller.kind()).await
    }

    /// Sends the request and counts its outcome.
    async fn send<T: DeserializeOwned>(
        &self,
        endpoint: &'static str,
        request: reqwest::RequestBuilder,
        caller: CallerKind,
    ) -> Result<T, AuthError> {
        let response = send(request, caller).await;
        let outcome = match &response {
            Ok(_) => "success",
            Err(AuthError::TokenRefused(_)) => "token_refused",
            Err(AuthError::ClientRefused(_)) => "client_refused",
            Err(AuthError::Unavailable(_) | AuthError::TimedOut) => "unavailable",
            Err(AuthError::InvalidResponse(_)) => "invalid_response",
        };
        self.metrics.completed(endpoint, outcome);
        response
    }

    /// Without a service client, the caller's tokens unchanged; with one, its own credentials and the
    /// caller's tokens.
    fn headers(&self, caller: &Caller) -> HeaderMap {
        let Some(credentials) = &self.credentials else { return Self::headers_of(caller) };
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, caller.request_id.value());
        headers.insert(header::AUTHORIZATION, credentials.clone());
        for authorization in &caller.authorization {
            headers.append(SUBJECT_TOKEN, subject_token(authorization));
        }
        headers
    }

    /// For a request in the caller's own name: their tokens unchanged.
    fn headers_of(caller: &Caller) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, caller.request_id.value());
        for token in caller.tokens() {
            headers.append(header::AUTHORIZATION, token);
        }
        headers
    }
}

/// The token of the header. If there is none, the result is empty, which auth-server refuses: the
/// caller must not become a guest.
fn subject_token(authorization: &HeaderValue) -> HeaderValue {
    let token = HeaderValue::from_bytes(bearer_token(authorization).unwrap_or_default());
    let mut token = token.unwrap_or_else(|_| HeaderValue::from_static(""));
    token.set_sensitive(true);
    token
}

async fn send<T: DeserializeOwned>(
    request: reqwest::RequestBuilder,
    caller: CallerKind,
) -> Result<T, AuthError> {
    let response = request.send().await.map_err(|error| unavailable(&error))?;
    let status = response.status();
    let headers = response.headers().clone();
    let body = response.bytes().await.map_err(|error| unavailable(&error))?;
    match (status, caller) {
        (StatusCode::OK, _) => serde_json::from_slice(&body)
            .map_err(|error| AuthError::InvalidResponse(error.to_string())),
        (StatusCode::UNAUTHORIZED, _) if is_for_clients(&headers) => {
            Err(AuthError::ClientRefused("invalid_client"))
        }
        (StatusCode::FORBIDDEN, _) => Err(AuthError::ClientRefused("insufficient_scope")),
        (StatusCode::UNAUTHORIZED, CallerKind::User) => {
            Err(AuthError::TokenRefused(TokenRefusal {
                content_type: headers.get(header::CONTENT_TYPE).cloned(),
                www_authenticate: headers.get(header::WWW_AUTHENTICATE).cloned(),
                body: body.into(),
            }))
        }
        (status, _) if status.is_server_error() => Err(AuthError::Unavailable(status.to_string())),
        (status, _) => Err(AuthError::InvalidResponse(status.to_string())),
    }
}

/// Whether the challenge of a 401 asks for credentials of a service client, not for a token.
fn is_for_clients(headers: &HeaderMap) -> bool {
    let challenge = headers.get(header::WWW_AUTHENTICATE);
    challenge.is_some_and(|challenge| challenge.as_bytes().starts_with(b"Basic"))
}

fn unavailable(error: &reqwest::Error) -> AuthError {
    if error.is_timeout() {
        return AuthError::TimedOut;
    }
    AuthError::Unavailable(outbound::causes(error))
}
