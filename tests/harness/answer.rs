//! What a server answered.

use std::fmt;

use chrono::DateTime;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use uuid::Uuid;

use crate::observed;

/// An answer, whole. Shown (`{}`) as status and body, with ids, tokens and times made alike.
#[derive(Debug)]
pub struct Answer {
    /// What was asked.
    pub method: Method,
    /// Where.
    pub path: String,
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    /// Sends a request and takes the answer down.
    ///
    /// # Panics
    /// There is no answer.
    pub async fn to(http: &reqwest::Client, request: reqwest::RequestBuilder) -> Self {
        let request = request.build().unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = http.execute(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let answer = Self { method, path, status, headers, text };
        observed::note(&answer);
        answer
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// It is something else.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:#?}"))
    }

    /// A header, empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap_or("not text"))
    }

    /// The problem's code, empty where this is no problem.
    #[must_use]
    pub fn code(&self) -> String {
        if self.header("content-type") != "application/problem+json" {
            return String::new();
        }
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The field that a problem means, empty where it means none.
    #[must_use]
    pub fn field(&self) -> String {
        self.json()["field"].as_str().unwrap_or_default().to_owned()
    }

    /// The body of a 2xx answer; `null` where there is none.
    ///
    /// # Panics
    /// Another status.
    #[expect(clippy::must_use_candidate, reason = "the check is what it is for")]
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self:#?}");
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// Makes sure of status and code (empty: no problem), and that a problem is whole.
    ///
    /// # Panics
    /// Anything else.
    #[expect(
        clippy::return_self_not_must_use,
        clippy::must_use_candidate,
        reason = "the check is what it is for"
    )]
    pub fn expect(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{self:#?}");
        if !code.is_empty() {
            let problem = self.json();
            assert!(problem["status"] == status && problem["title"].is_string(), "{self:#?}");
            let wait = problem["retry_after"].as_u64().map(|seconds| seconds.to_string());
            assert_eq!(self.header("retry-after"), wait.unwrap_or_default(), "{self:#?}");
        }
        self
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        match serde_json::from_str::<Value>(&self.text) {
            Ok(body) => write!(f, "\n{:#}", alike(body)),
            Err(_) if self.text.is_empty() => Ok(()),
            Err(_) => write!(f, "\n{}", self.text),
        }
    }
}

/// The value with everything that differs from run to run made alike.
fn alike(value: Value) -> Value {
    match value {
        Value::String(text) => alike_text(text).into(),
        Value::Array(items) => items.into_iter().map(alike).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, alike(value))).collect()
        }
        other => other,
    }
}

fn alike_text(text: String) -> String {
    if Uuid::parse_str(&text).is_ok() {
        "[id]".into()
    } else if DateTime::parse_from_rfc3339(&text).is_ok() {
        "[time]".into()
    } else if text.starts_with("eyJ") {
        "[access token]".into()
    } else if text.starts_with("rt_") {
        "[refresh token]".into()
    } else {
        text
    }
}
