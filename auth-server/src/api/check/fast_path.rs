//! `POST /api/v1/check` in front of the router and without the layers that poem-openapi adds to every
//! operation: what each of them costs is in docs/decisions/0008-check-route.md.

use futures::FutureExt;
use futures::future::Either;
use poem::http::Method;
use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result};
use poem_openapi::{ApiExtractor, ExtractParamOptions};

use super::operations::CheckApi;
use crate::authn::EvaluationSubject;
use crate::http::UnparsedBody;

const PATH: &str = "/api/v1/check";

const UNNAMED: ExtractParamOptions<()> = ExtractParamOptions {
    name: "",
    ignore_case: false,
    default_value: None,
    example_value: None,
    explode: true,
    style: None,
};

/// Answers `/check`, and passes every other request on.
pub(crate) struct FastCheck(pub CheckApi);

impl<E: Endpoint> Middleware<E> for FastCheck {
    type Output = WithFastCheck<E>;

    fn transform(&self, api: E) -> Self::Output {
        WithFastCheck { check: self.0.clone(), api }
    }
}

/// The endpoint that [`FastCheck`] makes.
pub(crate) struct WithFastCheck<E> {
    check: CheckApi,
    api: E,
}

impl<E: Endpoint> Endpoint for WithFastCheck<E> {
    type Output = Response;

    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        let uri = request.uri();
        // Parameters are refused as for every other operation.
        if uri.path() == PATH && uri.query().is_none() && request.method() == Method::POST {
            return Either::Left(check(&self.check, request));
        }
        // Boxed: this future has the size of its larger branch, and every layer around it moves it.
        Either::Right(Box::pin(
            self.api.call(request).map(|outcome| outcome.map(IntoResponse::into_response)),
        ))
    }
}

/// Extracts the arguments of the documented operation and calls it.
// Not `async`: the future would hold the request twice.
fn check(api: &CheckApi, request: Request) -> impl Future<Output = Result<Response>> + Send {
    let (request, mut body) = request.split();
    async move {
        let subject = EvaluationSubject::of(&request, api.authenticator()).await?;
        let body = UnparsedBody::from_request(&request, &mut body, UNNAMED).await?;
        Ok(api.check(subject, body).await?.into_response())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The future is moved into a box for every request.
    #[test]
    fn the_future_stays_small() {
        fn call(api: &CheckApi, request: Request) -> impl Future + '_ {
            check(api, request)
        }
        fn size<A, B, F>(_: fn(A, B) -> F) -> usize {
            size_of::<F>()
        }
        assert!(size(call) <= 1_024, "{}", size(call));
    }
}
