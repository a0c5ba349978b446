//! Errors as clients see them: `application/problem+json` (RFC 9457) with a stable `code`.
//!
//! Each feature lists its own problems with [`problems!`]; the list is both the `match` from error
//! to status and the documentation of the operation, so the two can't drift apart.

pub(crate) mod declare;
pub(crate) mod document;
pub(crate) mod rate_limit;

use poem::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::Object;
use serde::Serialize;

pub(crate) use document::responses;
pub(crate) use rate_limit::RateLimit;

/// What is fixed about one kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// HTTP status.
    pub status: u16,
    /// Stable code that a client may match on.
    pub code: &'static str,
    /// One sentence for people; the same for every occurrence.
    pub title: &'static str,
}

/// A fault of ours: the cause stands in the log, under the request's id.
pub(crate) const INTERNAL: Spec =
    Spec { status: 500, code: "internal", title: "Something went wrong on our side." };

/// A service client did not prove itself. The code is that of RFC 6749.
pub(crate) const INVALID_CLIENT: Spec = Spec {
    status: 401,
    code: "invalid_client",
    title: "This needs id and secret of a service client, by HTTP Basic.",
};

/// The right that a caller would need.
#[derive(Clone, Debug, Serialize, Object, PartialEq, Eq)]
pub struct MissingRight {
    /// The action that was refused, an HTTP method for routes.
    pub action: String,
    /// The resource that it was refused on.
    pub resource: String,
}

/// An error (RFC 9457). `code` is stable; `title` and `detail` are for people.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(read_only_all, skip_serializing_if_is_none)]
pub struct Problem {
    /// Always `about:blank`; `code` tells problems apart.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    kind: &'static str,
    /// One sentence about this kind of problem.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Stable code of this kind of problem.
    pub code: &'static str,
    /// What was wrong this time, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The input field that is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The right that is missing (with `forbidden`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingRight>,
    /// Seconds to wait before another try; also in the header `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// In the header fields `RateLimit-Policy` and `RateLimit`.
    #[serde(skip)]
    #[oai(skip)]
    rate_limit: Option<Box<RateLimit>>,
}

/// Media type of every problem.
pub(crate) const CONTENT_TYPE: &str = "application/problem+json";

impl Problem {
    /// A problem of this kind, with nothing said about this occurrence yet.
    #[must_use]
    pub const fn new(spec: Spec) -> Self {
        Self {
            kind: "about:blank",
            title: spec.title,
            status: spec.status,
            code: spec.code,
            detail: None,
            field: None,
            missing: None,
            retry_after: None,
            rate_limit: None,
        }
    }

    /// Says what was wrong this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Names the input field that is meant.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Names the right that the caller would need.
    #[must_use]
    pub fn missing(mut self, action: &str, resource: &str) -> Self {
        self.missing = Some(MissingRight { action: action.into(), resource: resource.into() });
        self
    }

    /// Asks the client to wait this many seconds.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Names the limit that was reached.
    #[must_use]
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(Box::new(limit));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = Response::builder().status(status).content_type(CONTENT_TYPE).body(body);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(limit) = self.rate_limit {
            limit.insert(headers);
        }
        if status == StatusCode::UNAUTHORIZED {
            insert_challenge(headers, self.code);
        }
        response.extensions_mut().insert(Code(self.code));
        response
    }
}

/// The problem's code, left on the response for logs and metrics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code(pub &'static str);

fn insert_challenge(headers: &mut HeaderMap, code: &str) {
    let name: HeaderName = header::WWW_AUTHENTICATE;
    let challenge = if code == "token_missing" {
        Ok(HeaderValue::from_static("Bearer"))
    } else if code == INVALID_CLIENT.code {
        Ok(HeaderValue::from_static("Basic realm=\"service clients\", charset=\"UTF-8\""))
    } else {
        HeaderValue::from_str(&format!(
            "Bearer error=\"invalid_token\", error_description=\"{code}\""
        ))
    };
    if let Ok(value) = challenge {
        headers.insert(name, value);
    }
}

/// A task that panicked or was canceled is a fault of this server, never of a store behind it.
impl From<tokio::task::JoinError> for Problem {
    fn from(error: tokio::task::JoinError) -> Self {
        tracing::error!(%error, "a blocking task failed");
        Self::new(INTERNAL)
    }
}

impl From<Problem> for poem::Error {
    fn from(problem: Problem) -> Self {
        let code = Code(problem.code);
        let mut error = Self::from_response(problem.into_response());
        // An error that turns into a response drops the response's own extensions for these.
        error.set_data(code);
        error
    }
}
