//! Requests of proxies in front of the router: they come with any method and, from Envoy, below any path, which no
//! route can have. They cost no more than a check.
//!
//! They are answered outside CORS. A preflight of another application is a request like any other: CORS would
//! answer it for the front ends of this server, and a proxy would take that for permission.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::Either;
use poem::http::Uri;
use poem::{Endpoint, IntoResponse, Middleware, PathPattern, Request, Response, Result};

use super::operation::{ForwardAuthApi, ForwardAuthError};
use super::original_request::envoy_path;
use super::passed::Passed;
use crate::authn::Caller;
use crate::http::problem::Problem;

const PATH: &str = "/forward-auth";

/// Answers proxies, and passes every other request on.
pub(crate) struct FastForwardAuth(pub ForwardAuthApi);

impl<E: Endpoint<Output = Response>> Middleware<E> for FastForwardAuth {
    type Output = WithForwardAuth<E>;

    fn transform(&self, api: E) -> Self::Output {
        WithForwardAuth { forward_auth: self.0.clone(), pattern: PATH.into(), api }
    }
}

/// The endpoint that [`FastForwardAuth`] makes.
pub(crate) struct WithForwardAuth<E> {
    forward_auth: ForwardAuthApi,
    /// The route in metrics, whatever the path.
    pattern: Arc<str>,
    api: E,
}

impl<E: Endpoint<Output = Response>> Endpoint for WithForwardAuth<E> {
    type Output = Response;

    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        if !is_of_proxy(request.uri()) {
            return Either::Left(self.api.call(request));
        }
        let pattern = PathPattern(Arc::clone(&self.pattern));
        let answer = answer(&self.forward_auth, request).map(move |answer| {
            let mut response = match answer {
                Ok(passed) => passed.into_response(),
                Err(error) => error.into_response(),
            };
            response.set_data(pattern);
            Ok(response)
        });
        // Boxed: otherwise the future of every check would have its size.
        Either::Right(answer.boxed())
    }
}

/// Whatever the query: Caddy and Envoy send that of the original request along.
fn is_of_proxy(uri: &Uri) -> bool {
    uri.path() == PATH || envoy_path(uri).is_some()
}

/// Extracts the arguments of the documented operation and calls it.
async fn answer(api: &ForwardAuthApi, request: Request) -> Result<Passed, ForwardAuthError> {
    let (request, _unread_body) = request.split();
    let caller = Caller::of(&request, api.authenticator()).await.map_err(Problem::from)?;
    api.authorize_request(caller, &request).await
}
