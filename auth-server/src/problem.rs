//! Errors as clients see them: `application/problem+json` (RFC 9457) with a stable `code`.
//!
//! Each feature lists its own problems with [`problems!`]; the list is both the `match` from error
//! to status and the documentation of the operation, so the two can't drift apart.

mod rate_limit;

use poem::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::Object;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaSchema, MetaSchemaRef};
use poem_openapi::types::Type;
use serde::Serialize;

pub use rate_limit::RateLimit;

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
pub const INTERNAL: Spec =
    Spec { status: 500, code: "internal", title: "Something went wrong on our side." };

/// A service client did not prove itself. The code is that of RFC 6749.
pub const INVALID_CLIENT: Spec = Spec {
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
pub const CONTENT_TYPE: &str = "application/problem+json";

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
pub struct Code(pub &'static str);

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

impl From<Problem> for poem::Error {
    fn from(problem: Problem) -> Self {
        let code = Code(problem.code);
        let mut error = Self::from_response(problem.into_response());
        // An error that turns into a response drops the response's own extensions for these.
        error.set_data(code);
        error
    }
}

/// The OpenAPI description of these problems: one response per status, every code named.
#[must_use]
pub fn responses(own: &[Spec], common: &[&[Spec]]) -> Vec<MetaResponse> {
    let mut all: Vec<Spec> = own.iter().chain(common.iter().copied().flatten()).copied().collect();
    all.sort_by_key(|spec| (spec.status, spec.code));
    all.dedup_by_key(|spec| (spec.status, spec.code));
    all.chunk_by(|a, b| a.status == b.status).filter_map(response).collect()
}

fn response(specs: &[Spec]) -> Option<MetaResponse> {
    let status = specs.first()?.status;
    let lines: Vec<String> =
        specs.iter().map(|spec| format!("- `{}`: {}", spec.code, spec.title)).collect();
    Some(MetaResponse {
        // The registry wants a static text; this runs once per operation, at start.
        description: lines.join("\n").leak(),
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType { content_type: CONTENT_TYPE, schema: schema(specs) }],
        headers: if status == 429 { rate_limit::headers() } else { vec![] },
    })
}

/// [`Problem`], with `code` narrowed to the codes of this status.
fn schema(specs: &[Spec]) -> MetaSchemaRef {
    let codes = specs.iter().map(|spec| spec.code.into()).collect();
    let code = MetaSchema { enum_items: codes, ..MetaSchema::new("string") };
    let narrowed = MetaSchema {
        properties: vec![("code", MetaSchemaRef::Inline(Box::new(code)))],
        ..MetaSchema::new("object")
    };
    MetaSchemaRef::Inline(Box::new(MetaSchema {
        all_of: vec![Problem::schema_ref(), MetaSchemaRef::Inline(Box::new(narrowed))],
        ..MetaSchema::ANY
    }))
}

/// Declares what can go wrong with one feature, with status, code and title of each.
///
/// ```ignore
/// problems! {
///     /// What can go wrong with a login.
///     pub enum LoginError includes [input::BODY, store::DATABASE] {
///         CredentialsInvalid = 401 "credentials_invalid" "The login or the password is wrong.",
///     }
/// }
/// ```
///
/// Every variant turns into its [`Problem`]; problems of the included lists (from extractors, the
/// store, …) pass through `From<Problem>` as they are.
#[macro_export]
macro_rules! problems {
    ($(#[$meta:meta])* $vis:vis enum $name:ident includes [$($common:expr),* $(,)?] {
        $($variant:ident = $status:literal $code:literal $title:literal),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $vis enum $name {
            $(#[doc = $title] $variant,)*
            /// A problem with its details, or one of the included lists.
            Problem(Box<$crate::problem::Problem>),
        }

        impl $name {
            $vis const SPECS: &'static [$crate::problem::Spec] = &[
                $($crate::problem::Spec { status: $status, code: $code, title: $title }),*
            ];

            /// The problem as it goes to the client, to be given details.
            $vis fn problem(self) -> $crate::problem::Problem {
                match self {
                    $(Self::$variant => $crate::problem::Problem::new($crate::problem::Spec {
                        status: $status, code: $code, title: $title,
                    }),)*
                    Self::Problem(problem) => *problem,
                }
            }
        }

        impl From<$crate::problem::Problem> for $name {
            fn from(problem: $crate::problem::Problem) -> Self {
                Self::Problem(Box::new(problem))
            }
        }

        impl From<$name> for $crate::problem::Problem {
            fn from(error: $name) -> Self {
                error.problem()
            }
        }

        impl From<$name> for poem::Error {
            fn from(error: $name) -> Self {
                error.problem().into()
            }
        }

        impl poem::IntoResponse for $name {
            fn into_response(self) -> poem::Response {
                self.problem().into_response()
            }
        }

        impl poem_openapi::ApiResponse for $name {
            fn meta() -> poem_openapi::registry::MetaResponses {
                poem_openapi::registry::MetaResponses {
                    responses: $crate::problem::responses(Self::SPECS, &[$($common),*]),
                }
            }

            fn register(registry: &mut poem_openapi::registry::Registry) {
                <$crate::problem::Problem as poem_openapi::types::Type>::register(registry);
            }
        }
    };
}
