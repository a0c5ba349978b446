//! What the answers of all operations on films share.

use poem::http::HeaderValue;
use poem::{IntoResponse, Response};
use poem_openapi::Object;
use poem_openapi::payload::Payload;
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::Type;

use crate::authorization::{AuthError, Relayed};
use crate::catalogue::CatalogueError;
use crate::problem::{self, Code, Problem};

/// The header that marks an answer made from the kept guest's filter.
pub fn stale_header(age_seconds: Option<u32>) -> Option<String> {
    age_seconds.map(|age| format!("stale; age={age}"))
}

/// The answer to a refused token: auth-server's own, unchanged.
pub struct TokenProblem(Relayed);

/// auth-server's error about a token (RFC 9457).
#[derive(Object)]
#[oai(rename = "TokenProblem")]
struct TokenProblemBody {
    /// auth-server's stable code, for example `token_expired`.
    code: String,
    /// One sentence about this kind of problem.
    title: String,
    /// Always 401.
    status: u16,
}

impl IntoResponse for TokenProblem {
    fn into_response(self) -> Response {
        let mut response = self.0.body.into_response();
        response.headers_mut().remove(poem::http::header::CONTENT_TYPE);
        if let Some(content_type) = self.0.content_type {
            response.headers_mut().insert(poem::http::header::CONTENT_TYPE, content_type);
        }
        response
    }
}

impl Payload for TokenProblem {
    const CONTENT_TYPE: &'static str = problem::CONTENT_TYPE;

    fn schema_ref() -> MetaSchemaRef {
        TokenProblemBody::schema_ref()
    }

    fn register(registry: &mut Registry) {
        TokenProblemBody::register(registry);
    }
}

/// Why an operation couldn't even start to decide.
pub enum Trouble {
    /// auth-server refused the token.
    Token(TokenProblem, Option<String>),
    /// A server behind this one is away.
    Away(Problem),
}

impl From<AuthError> for Trouble {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Rejected(relayed) => {
                let challenge = relayed.www_authenticate.as_ref().map(HeaderValue::to_str);
                let challenge = challenge.and_then(Result::ok).map(str::to_owned);
                Self::Token(TokenProblem(relayed), challenge)
            }
            AuthError::Away(_) | AuthError::Unusable(_) => {
                tracing::error!(%error, "authorization unavailable");
                Self::Away(Problem::new(
                    Code::AuthorizationUnavailable,
                    "auth-server can't be asked; try again soon.",
                ))
            }
        }
    }
}

impl From<CatalogueError> for Trouble {
    fn from(error: CatalogueError) -> Self {
        tracing::error!(%error, "catalogue unavailable");
        Self::Away(Problem::new(
            Code::CatalogueUnavailable,
            "The catalogue can't be asked; try again soon.",
        ))
    }
}
