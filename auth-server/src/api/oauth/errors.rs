//! Errors of introspection and revocation as OAuth libraries read them: `error` (RFC 6749, section 5.2)
//! beside the `code` of a problem.

use poem::http::{StatusCode, header};
use poem::{Endpoint, Middleware, Request, Response, Result};
use serde_json::{Map, Value};
use service::problem::{CONTENT_TYPE, Code};

const PATH: &str = "/api/v1/oauth/";

/// Adds `error` to the problems of these endpoints.
pub(crate) struct OauthErrors;

impl<E: Endpoint<Output = Response>> Middleware<E> for OauthErrors {
    type Output = WithOauthErrors<E>;

    fn transform(&self, inner: E) -> Self::Output {
        WithOauthErrors(inner)
    }
}

/// The endpoint that [`OauthErrors`] makes.
pub(crate) struct WithOauthErrors<E>(E);

impl<E: Endpoint<Output = Response>> Endpoint for WithOauthErrors<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        if !request.uri().path().starts_with(PATH) {
            return self.0.call(request).await;
        }
        let response = match self.0.call(request).await {
            // An extractor's problem.
            Err(error) if error.is_from_response() => error.into_response(),
            result => result?,
        };
        match response.data::<Code>() {
            Some(Code(code)) => with_error(error(code, response.status()), response).await,
            None => Ok(response),
        }
    }
}

const fn error(code: &'static str, status: StatusCode) -> &'static str {
    match (code.as_bytes(), status.as_u16()) {
        (b"invalid_client", _) => "invalid_client",
        (b"insufficient_scope", _) => "unauthorized_client",
        (_, 503) => "temporarily_unavailable",
        (_, 500..) => "server_error",
        _ => "invalid_request",
    }
}

async fn with_error(error: &'static str, mut response: Response) -> Result<Response> {
    let body = response.take_body().into_vec().await?;
    let mut problem: Map<String, Value> =
        serde_json::from_slice(&body).map_err(poem::error::InternalServerError)?;
    problem.insert("error".into(), error.into());
    response.set_body(Value::Object(problem).to_string());
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static(CONTENT_TYPE));
    Ok(response)
}
