//! Errors as clients see them: `application/problem+json` (RFC 9457) with a stable `code`.

use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::types::ToJSON;
use poem_openapi::{Enum, Object};

/// Media type of every problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// Seconds that a caller is asked to wait while a server behind this one is away.
pub const RETRY_AFTER_SECONDS: u32 = 5;

/// Stable code of a kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum Code {
    /// A parameter has a value that it can't have; `field` names it.
    FieldInvalid,
    /// The page lies beyond the 10,000 films that can be paged through.
    PageTooDeep,
    /// The film exists, but this caller may not read it.
    FilmForbidden,
    /// No film has this id.
    FilmNotFound,
    /// There is nothing at this path.
    RouteNotFound,
    /// The path is right, the method is not.
    MethodNotAllowed,
    /// auth-server is away, so nobody can say what this caller may see.
    AuthorizationUnavailable,
    /// Elasticsearch or its index of films is away.
    CatalogueUnavailable,
}

impl Code {
    const fn status(self) -> StatusCode {
        match self {
            Self::FieldInvalid | Self::PageTooDeep => StatusCode::UNPROCESSABLE_ENTITY,
            Self::FilmForbidden => StatusCode::FORBIDDEN,
            Self::FilmNotFound | Self::RouteNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::AuthorizationUnavailable | Self::CatalogueUnavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::FieldInvalid => "A parameter has a value that it can't have.",
            Self::PageTooDeep => "The page lies deeper than can be paged.",
            Self::FilmForbidden => "This film is not open to this caller.",
            Self::FilmNotFound => "There is no such film.",
            Self::RouteNotFound => "There is nothing at this path.",
            Self::MethodNotAllowed => "This path doesn't take this method.",
            Self::AuthorizationUnavailable => "What this caller may see can't be found out now.",
            Self::CatalogueUnavailable => "The catalogue can't be read now.",
        }
    }
}

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum Asker {
    /// Nobody is signed in: signing in may help.
    Guest,
    /// A signed-in user: another role may help.
    User,
}

/// Why a film is refused.
#[derive(Clone, Debug, Object, serde::Deserialize)]
#[oai(skip_serializing_if_is_none)]
pub struct Reason {
    /// auth-server's code of the reason, or `guest_filter` when auth-server is away and the last
    /// rules known for guests refuse the film.
    pub code: String,
    /// The label that decided, if one did.
    pub label: Option<String>,
}

/// An error (RFC 9457). `code` is stable; `title` and `detail` are for people.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Problem {
    /// Always `about:blank`; `code` tells problems apart.
    #[oai(rename = "type")]
    kind: String,
    /// One sentence about this kind of problem.
    title: String,
    /// HTTP status.
    status: u16,
    /// Stable code of this kind of problem.
    code: Code,
    /// What was wrong this time.
    detail: String,
    /// The parameter that is meant.
    field: Option<String>,
    /// Why the film is refused (with `film_forbidden`).
    reason: Option<Reason>,
    /// Whom the film is refused to (with `film_forbidden`).
    caller: Option<Asker>,
}

impl Problem {
    /// A problem of this kind; `detail` says what was wrong this time.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank".into(),
            title: code.title().into(),
            status: code.status().as_u16(),
            code,
            detail: detail.into(),
            field: None,
            reason: None,
            caller: None,
        }
    }

    /// Names the parameter that is meant.
    #[must_use]
    pub fn field(mut self, name: &str) -> Self {
        self.field = Some(name.into());
        self
    }

    /// Says why a film is refused, and to whom.
    #[must_use]
    pub fn refused(mut self, reason: Reason, caller: Asker) -> Self {
        self.reason = Some(reason);
        self.caller = Some(caller);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::builder()
            .status(self.code.status())
            .content_type(CONTENT_TYPE)
            .body(self.to_json_string());
        if self.code == Code::MethodNotAllowed {
            // Every path of this API is read-only.
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}
