//! Errors as clients see them: `application/problem+json` (RFC 9457) with a stable `code`.
//!
//! Each feature declares its problems with [`problems!`](crate::problems). The declaration is both
//! the mapping from error to response and the documentation of the operation.

mod declare;
mod document;
mod rate_limit;
pub mod request;
mod spec;

use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::Object;
use serde::Serialize;
use serde_json::{Map, Value};

pub use document::{register, responses};
pub use rate_limit::RateLimit;
pub use spec::{Challenge, Extension, Spec};

/// A fault of the server. The cause is in the log, under the request's id.
pub const INTERNAL: Spec = Spec::new(500, "internal", "Internal server error.");

/// Media type of every problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// An error (RFC 9457). `code` is stable; `title` and `detail` are for humans.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(read_only_all, skip_serializing_if_is_none)]
pub struct Problem {
    /// Always `about:blank`; use `code` to tell problems apart.
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
    /// The invalid field or parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Seconds to wait before the next attempt; also in the header `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Members of this kind of problem only.
    #[serde(flatten)]
    #[oai(skip)]
    extension: Option<Box<Map<String, Value>>>,
    #[serde(skip)]
    #[oai(skip)]
    challenge: Challenge,
    /// In the header fields `RateLimit-Policy` and `RateLimit`.
    #[serde(skip)]
    #[oai(skip)]
    rate_limit: Option<Box<RateLimit>>,
}

impl Problem {
    /// A problem of this kind, without details of its own.
    #[must_use]
    pub fn new(spec: Spec) -> Self {
        Self {
            kind: "about:blank",
            title: spec.title,
            status: spec.status,
            code: spec.code,
            detail: spec.detail.map(str::to_owned),
            field: None,
            retry_after: None,
            extension: None,
            challenge: spec.challenge,
            rate_limit: None,
        }
    }

    /// Says what was wrong this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Names the invalid field or parameter.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
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

    /// Adds the members of `extension`, an object, which the spec declares by [`Spec::with`].
    #[must_use]
    pub fn extend(mut self, extension: &impl Serialize) -> Self {
        match serde_json::to_value(extension) {
            Ok(Value::Object(members)) => self.extension.get_or_insert_default().extend(members),
            other => tracing::error!(?other, code = self.code, "not an object"),
        }
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_else(|error| {
            // No member can fail to be written; the status says enough if one does.
            tracing::error!(%error, "cannot write a problem as JSON");
            Vec::new()
        });
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
        if let Some(challenge) = self.challenge.header(self.code) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response.extensions_mut().insert(Code(self.code));
        response
    }
}

/// The problem's code, left on the response for log and metrics.
#[derive(Clone, Copy, Debug)]
pub struct Code(pub &'static str);

impl From<Problem> for poem::Error {
    fn from(problem: Problem) -> Self {
        let code = Code(problem.code);
        let mut error = Self::from_response(problem.into_response());
        // An error replaces the extensions of its response by its own when it becomes one.
        error.set_data(code);
        error
    }
}

/// A task that was awaited panicked or was aborted.
impl From<tokio::task::JoinError> for Problem {
    fn from(error: tokio::task::JoinError) -> Self {
        tracing::error!(%error, "a task failed");
        Self::new(INTERNAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Object)]
    struct Missing {
        missing: String,
    }

    const FORBIDDEN: Spec =
        Spec::new(403, "forbidden", "Not allowed.").with(Extension::of::<Missing>());

    #[tokio::test]
    async fn members_of_the_extension_stand_beside_the_others() {
        let problem = Problem::new(FORBIDDEN).extend(&Missing { missing: "read".into() });
        let mut response = problem.into_response();
        assert_eq!(response.header("content-type"), Some(CONTENT_TYPE));
        let body: Value = response.take_body().into_json().await.expect("JSON");
        let expected = serde_json::json!({
            "type": "about:blank", "title": "Not allowed.", "status": 403, "code": "forbidden",
            "missing": "read",
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn the_declaration_says_which_challenge_is_sent() {
        let challenge = |spec| {
            let response = Problem::new(spec).into_response();
            response.header("www-authenticate").map(str::to_owned)
        };
        assert_eq!(challenge(FORBIDDEN), None);
        let wrong_password = Spec::new(401, "credentials_invalid", "Wrong login or password.");
        assert_eq!(challenge(wrong_password).as_deref(), Some("Bearer"));
        let expired =
            Spec::new(401, "token_expired", "Expired.").challenge(Challenge::InvalidToken);
        assert_eq!(
            challenge(expired).as_deref(),
            Some(r#"Bearer error="invalid_token", error_description="token_expired""#)
        );
    }
}
