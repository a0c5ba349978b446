//! A server's answer to one request.

use std::fmt;

use chrono::DateTime;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use uuid::Uuid;

/// A whole answer. Its `Display` form is status and body, with ids, tokens and times redacted for
/// snapshots.
#[derive(Debug)]
pub struct Answer {
    /// Method of the request.
    pub method: Method,
    /// Path of the request, without the query.
    pub path: String,
    /// HTTP status.
    pub status: u16,
    /// Response headers.
    pub headers: HeaderMap,
    /// Response body.
    pub text: String,
}

impl Answer {
    /// Sends a request and reads the whole response.
    ///
    /// # Panics
    /// If there is no response.
    pub async fn to(http: &reqwest::Client, request: reqwest::RequestBuilder) -> Self {
        let request = request.build().unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = http.execute(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Self { method, path, status, headers, text }
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:#?}"))
    }

    /// A string field of the JSON body.
    ///
    /// # Panics
    /// If the field is missing or not a string.
    #[must_use]
    pub fn string(&self, field: &str) -> String {
        self.json()[field].as_str().unwrap_or_else(|| panic!("no {field}: {self:#?}")).to_owned()
    }

    /// A header, or an empty string if the header is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap_or("not text"))
    }

    /// All values of a header.
    #[must_use]
    pub fn headers(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
    }

    /// The problem code, or an empty string if the answer is not a problem.
    #[must_use]
    pub fn code(&self) -> String {
        if self.header("content-type") != "application/problem+json" {
            return String::new();
        }
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The field that a problem refers to, or an empty string if it refers to none.
    #[must_use]
    pub fn field(&self) -> String {
        self.json()["field"].as_str().unwrap_or_default().to_owned()
    }

    /// Status and code of a problem.
    ///
    /// # Panics
    /// If the answer is not a problem, or its `status` is not the HTTP status.
    #[must_use]
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(self.json()["status"], self.status, "{self:?}");
        (self.status, self.string("code"))
    }

    /// The JSON body of a 2xx answer, `null` if the body is empty, or the text of another body.
    ///
    /// # Panics
    /// On any other status.
    #[expect(clippy::must_use_candidate, reason = "callers may only want the assertion")]
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self:#?}");
        match &*self.text {
            "" => Value::Null,
            text if self.header("content-type").starts_with("text/") => text.into(),
            _ => self.json(),
        }
    }

    /// Asserts status and problem code (empty: not a problem), and that a problem is well-formed.
    ///
    /// # Panics
    /// If the answer differs.
    #[expect(
        clippy::return_self_not_must_use,
        clippy::must_use_candidate,
        reason = "callers may only want the assertion"
    )]
    pub fn expect(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{self:#?}");
        if !code.is_empty() {
            let problem = self.json();
            assert!(problem["status"] == status && problem["title"].is_string(), "{self:#?}");
            let delay = problem["retry_after"].as_u64().map(|seconds| seconds.to_string());
            assert_eq!(self.header("retry-after"), delay.unwrap_or_default(), "{self:#?}");
        }
        self
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        match serde_json::from_str::<Value>(&self.text) {
            Ok(body) => write!(f, "\n{:#}", redact(body)),
            Err(_) if self.text.is_empty() => Ok(()),
            Err(_) => write!(f, "\n{}", self.text),
        }
    }
}

/// Replaces every string that differs between runs by a placeholder.
fn redact(value: Value) -> Value {
    match value {
        Value::String(text) => redact_text(text).into(),
        Value::Array(items) => items.into_iter().map(redact).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, redact(value))).collect()
        }
        other => other,
    }
}

fn redact_text(text: String) -> String {
    if Uuid::parse_str(&text).is_ok() {
        "[id]".into()
    } else if DateTime::parse_from_rfc3339(&text).is_ok() {
        "[time]".into()
    } else if text.starts_with("eyJ") && text.matches('.').count() == 2 {
        "[access token]".into()
    } else if text.starts_with("rt_") {
        "[refresh token]".into()
    } else {
        text
    }
}
