//! Every request gets a response: an error becomes its problem, a panic an internal error.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use poem::{Endpoint, IntoResponse, Middleware, PathPattern, Request, Response, Result};

use super::error_response;
use super::routes::RouteTable;
use crate::problem::{INTERNAL, Problem};

/// Turns errors and panics into problems. It stands inside CORS, so that a front end can read them.
pub struct Recover {
    routes: Arc<RouteTable>,
}

impl Recover {
    /// For an endpoint with these routes.
    #[must_use]
    pub fn new(routes: Arc<RouteTable>) -> Self {
        Self { routes }
    }
}

impl<E: Endpoint> Middleware<E> for Recover {
    type Output = Recovered<E>;

    fn transform(&self, inner: E) -> Self::Output {
        Recovered { inner, routes: Arc::clone(&self.routes) }
    }
}

/// The endpoint that [`Recover`] makes. It never fails.
pub struct Recovered<E> {
    inner: E,
    routes: Arc<RouteTable>,
}

impl<E: Endpoint> Endpoint for Recovered<E> {
    type Output = Response;

    // Not `async`: an async function would hold the request, 500 bytes, once more.
    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        AssertUnwindSafe(self.inner.call(request)).catch_unwind().map(|outcome| match outcome {
            Ok(Ok(response)) => Ok(response.into_response()),
            Ok(Err(error)) => Ok(self.response_of(error)),
            // The panic hook has logged the panic.
            Err(_) => Ok(Problem::new(INTERNAL).into_response()),
        })
    }
}

impl<E> Recovered<E> {
    fn response_of(&self, error: poem::Error) -> Response {
        let pattern = error.data::<PathPattern>().cloned();
        let route = pattern.as_ref().and_then(|pattern| self.routes.get(&pattern.0));
        let mut response = error_response::of(error, route);
        if let Some(pattern) = pattern {
            response.set_data(pattern);
        }
        response
    }
}
