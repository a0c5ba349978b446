//! `HEAD` is `GET` without a body, so it must be as safe; the callback of a sign-in is not.

use poem::http::{HeaderValue, Method, header};
use poem::{Endpoint, IntoResponse, Request, Response, Result};

use super::problem::Problem;
use super::request_errors::METHOD;

/// Refuses `HEAD` at the OIDC callback: the one code of a sign-in would be spent by a program that only looks
/// at links, and the user who follows the link would be refused.
pub(crate) async fn refuse_head<E: Endpoint>(endpoint: &E, request: Request) -> Result<Response> {
    let path = request.uri().path();
    if *request.method() == Method::HEAD
        && path.starts_with("/api/v1/auth/oidc/")
        && path.ends_with("/callback")
    {
        let mut response = Problem::new(METHOD).into_response();
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
        return Ok(response);
    }
    endpoint.call(request).await.map(IntoResponse::into_response)
}
