//! How a request about an account reaches auth-server, and its answer the caller: the one place where
//! either is passed on.

use std::time::Duration;

use poem::http::{HeaderMap, HeaderName, HeaderValue, header};
use poem::{IntoResponse, Response};
use reqwest::redirect::Policy;
use serde::Serialize;
use service::http::REQUEST_ID;
use service::outbound;
use service::problem::{CONTENT_TYPE, Problem, Spec};

use super::answer::Answer;
use super::operation::Operation;
use super::origin::Origin;
use crate::caller::Caller;
use crate::config::AuthConfig;
use crate::health::RETRY_AFTER_SECONDS;
use crate::metrics::AuthMetrics;

/// auth-server, which alone keeps accounts, cannot be reached or is too slow.
pub(super) const ACCOUNTS_UNAVAILABLE: Spec = Spec::new(
    503,
    "accounts_unavailable",
    "auth-server is unavailable; the request may have taken effect nevertheless.",
);

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The headers of an answer that are for the caller.
const PASSED_ON: [HeaderName; 6] = [
    header::CONTENT_TYPE,
    header::CACHE_CONTROL,
    header::WWW_AUTHENTICATE,
    header::RETRY_AFTER,
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
];

/// Maximum size of an answer in bytes. An account is the largest, and much smaller.
const MAX_ANSWER: usize = 256 << 10;

/// Why there is no answer of auth-server.
#[derive(Debug, thiserror::Error)]
enum ForwardError {
    #[error("auth-server is unavailable: {0:?}")]
    Unavailable(#[from] reqwest::Error),
    #[error("auth-server sent an invalid response: {0}")]
    InvalidResponse(&'static str),
}

/// A client of auth-server that speaks for its callers and never for movie-api itself.
pub(super) struct Forwarder {
    http: reqwest::Client,
    base: String,
    metrics: AuthMetrics,
}

impl Forwarder {
    /// Requests are not retried: most of them must not be made twice.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub(super) fn new(config: &AuthConfig, metrics: AuthMetrics) -> Result<Self, reqwest::Error> {
        let http = outbound::client_for(config.url.url())
            .connect_timeout(config.timeout())
            .timeout(config.accounts_timeout())
            // Passwords and tokens go to auth-server and nowhere else.
            .redirect(Policy::none())
            // A connection that auth-server is about to close is not used again.
            .pool_idle_timeout(Duration::from_secs(10))
            .build()?;
        Ok(Self { http, base: config.url.as_str().to_owned(), metrics })
    }

    /// Makes the request of an operation for its caller. If the caller hangs up, so does this request,
    /// and auth-server completes or abandons it as if the caller had sent it there.
    pub(super) async fn forward<O: Operation>(
        &self,
        origin: &Origin,
        caller: Option<&Caller>,
        body: Option<&impl Serialize>,
    ) -> Answer<O> {
        let url = format!("{}/api/v1/{}", self.base, O::PATH);
        let mut request = self.http.request(O::METHOD, url).headers(headers(origin, caller));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = answer(request).await;
        self.metrics.completed(O::NAME, outcome(&answer));
        Answer::new(answer.unwrap_or_else(|error| {
            tracing::error!(%error, operation = O::NAME, "account operation failed");
            let unavailable = Problem::new(ACCOUNTS_UNAVAILABLE).retry_after(RETRY_AFTER_SECONDS);
            unavailable.into_response()
        }))
    }
}

fn headers(origin: &Origin, caller: Option<&Caller>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(REQUEST_ID, origin.request_id.value());
    if let Ok(client) = HeaderValue::from_str(&origin.client.to_string()) {
        headers.insert(X_FORWARDED_FOR, client);
    }
    if let Some(agent) = &origin.user_agent {
        headers.insert(header::USER_AGENT, agent.clone());
    }
    for token in caller.into_iter().flat_map(Caller::tokens) {
        headers.append(header::AUTHORIZATION, token);
    }
    headers
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Response, ForwardError> {
    let mut answer = request.send().await?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(ForwardError::InvalidResponse("the body is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    if !is_of_auth_server(&answer, &body) {
        return Err(ForwardError::InvalidResponse("neither JSON nor empty"));
    }
    let mut response = answer.status().into_response();
    for name in PASSED_ON {
        for value in answer.headers().get_all(&name) {
            response.headers_mut().append(name.clone(), value.clone());
        }
    }
    response.set_body(body);
    Ok(response)
}

/// Tells an answer of auth-server from one of a proxy in front of it: an error is a problem, and any
/// other answer is JSON or empty.
fn is_of_auth_server(answer: &reqwest::Response, body: &[u8]) -> bool {
    let content_type = answer.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    match content_type {
        Some(b"application/json") => answer.status().is_success(),
        Some(problem) => problem == CONTENT_TYPE.as_bytes() && !answer.status().is_success(),
        None => answer.status().is_success() && body.is_empty(),
    }
}

fn outcome(answer: &Result<Response, ForwardError>) -> &'static str {
    match answer {
        Ok(response) if response.status().is_success() => "success",
        Ok(response) if response.status().is_server_error() => "unavailable",
        Ok(_) => "refused",
        Err(ForwardError::Unavailable(_)) => "unavailable",
        Err(ForwardError::InvalidResponse(_)) => "invalid_response",
    }
}
