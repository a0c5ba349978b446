//! Errors that all operations on the catalogue share.

use poem::http::{HeaderValue, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaHeader, MetaResponse, MetaResponses, Registry};
use service::docs::header;
use service::problem::{Problem, Spec};

use crate::accounts::problems::EXPIRED;
use crate::authorization::{AUTHORIZATION_UNAVAILABLE, AuthError, TokenRefusal};
use crate::catalogue::{CATALOGUE_UNAVAILABLE, CATALOGUE_UNUSABLE, CatalogueError};
use crate::health::RETRY_AFTER_SECONDS;

/// What every operation on the catalogue can answer if a service that it needs is unavailable.
pub(crate) const UNAVAILABLE: &[Spec] =
    &[AUTHORIZATION_UNAVAILABLE, CATALOGUE_UNAVAILABLE, CATALOGUE_UNUSABLE];

/// The header that marks a response made with the cached guest filter.
const X_AUTHORIZATION: &str = "X-Authorization";

/// Marks a response made with a cached filter of this age by [`X_AUTHORIZATION`].
pub(crate) fn mark_stale(response: &mut Response, age_seconds: Option<u32>) {
    let stale = age_seconds.map(|age| HeaderValue::try_from(format!("stale; age={age}")));
    if let Some(Ok(stale)) = stale {
        response.headers_mut().insert("x-authorization", stale);
    }
}

/// Why an operation failed: auth-server's own 401, or a problem of the operation's.
pub(crate) enum WithToken<E> {
    /// auth-server refuses the token; its response is passed on unchanged.
    Token(TokenRefusal),
    /// A problem of the operation's, and the age of the cached filter that led to it.
    Problem { error: E, stale: Option<u32> },
}

impl<E: Into<Problem>> WithToken<E> {
    /// The same error of another operation, which can answer everything that this one can.
    pub(crate) fn convert<F: From<Problem>>(self) -> WithToken<F> {
        match self {
            Self::Token(refusal) => WithToken::Token(refusal),
            Self::Problem { error, stale } => {
                WithToken::Problem { error: F::from(error.into()), stale }
            }
        }
    }
}

impl<E: From<Problem>> From<AuthError> for WithToken<E> {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::TokenRefused(refusal) => Self::Token(refusal),
            AuthError::ClientRefused(_)
            | AuthError::Unavailable(_)
            | AuthError::TimedOut
            | AuthError::InvalidResponse(_) => {
                tracing::error!(%error, "authorization unavailable");
                unavailable(AUTHORIZATION_UNAVAILABLE).into()
            }
        }
    }
}

impl<E: From<Problem>> From<CatalogueError> for WithToken<E> {
    fn from(error: CatalogueError) -> Self {
        match error {
            // Logged when it was found.
            CatalogueError::Unusable => unavailable(CATALOGUE_UNUSABLE).into(),
            CatalogueError::Unavailable(_) | CatalogueError::Refused(_) => {
                tracing::error!(%error, "catalogue unavailable");
                unavailable(CATALOGUE_UNAVAILABLE).into()
            }
        }
    }
}

fn unavailable(spec: Spec) -> Problem {
    Problem::new(spec).detail("Try again soon.").retry_after(RETRY_AFTER_SECONDS)
}

impl<E: From<Problem>> From<Problem> for WithToken<E> {
    fn from(problem: Problem) -> Self {
        Self::Problem { error: problem.into(), stale: None }
    }
}

impl<E: IntoResponse> IntoResponse for WithToken<E> {
    fn into_response(self) -> Response {
        match self {
            Self::Token(refusal) => relay(refusal),
            Self::Problem { error, stale } => {
                let mut response = error.into_response();
                mark_stale(&mut response, stale);
                response
            }
        }
    }
}

fn relay(refusal: TokenRefusal) -> Response {
    let mut response = poem::http::StatusCode::UNAUTHORIZED.into_response();
    response.set_body(refusal.body);
    let relayed = [
        (header::CONTENT_TYPE, refusal.content_type),
        (header::WWW_AUTHENTICATE, refusal.www_authenticate),
    ];
    for (name, value) in relayed {
        if let Some(value) = value {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

impl<E: IntoResponse> From<WithToken<E>> for poem::Error {
    fn from(error: WithToken<E>) -> Self {
        let response = error.into_response();
        let code = response.data::<service::problem::Code>().copied();
        let mut error = Self::from_response(response);
        // An error replaces the extensions of its response by its own when it becomes one.
        if let Some(code) = code {
            error.set_data(code);
        }
        error
    }
}

impl<E: ApiResponse> ApiResponse for WithToken<E> {
    fn meta() -> MetaResponses {
        let mut responses = E::meta().responses;
        let decided = |response: &&mut MetaResponse| matches!(response.status, Some(403 | 404));
        for response in responses.iter_mut().filter(decided) {
            response.headers.push(stale_meta());
        }
        MetaResponses { responses: token_refused().into_iter().chain(responses).collect() }
    }

    fn register(registry: &mut Registry) {
        service::problem::register(registry, &[EXPIRED], &[]);
        E::register(registry);
    }
}

fn token_refused() -> Option<MetaResponse> {
    let response = service::problem::responses(&[EXPIRED], &[]).pop()?;
    Some(MetaResponse {
        description: "auth-server refuses the token; its response, unchanged. Or the operation requires one.",
        headers: vec![MetaHeader {
            required: false,
            ..header("WWW-Authenticate", "auth-server's challenge.")
        }],
        ..response
    })
}

/// The documentation of [`X_AUTHORIZATION`].
pub(crate) fn stale_meta() -> MetaHeader {
    let description = "`stale; age=<seconds>` if auth-server is unavailable and the cached guest filter \
                       decided; otherwise absent.";
    MetaHeader { required: false, ..header(X_AUTHORIZATION, description) }
}
