//! Every request gets an answer: an error becomes its problem, a panic one of ours.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use poem::{Endpoint, IntoResponse, PathPattern, Request, Response, Result};

use super::documented_routes::Routes;
use super::error_mapping;
use super::problem::{INTERNAL, Problem};

/// An endpoint that never fails. It stands within CORS, so that a front end can read a problem.
pub struct Answered<E> {
    inner: E,
    routes: Arc<Routes>,
}

impl<E> Answered<E> {
    /// Answers for `inner`, whose routes are these.
    pub fn new(inner: E, routes: Arc<Routes>) -> Self {
        Self { inner, routes }
    }
}

impl<E: Endpoint> Endpoint for Answered<E> {
    type Output = Response;

    // Not `async`, as in the edge.
    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        AssertUnwindSafe(self.inner.call(request)).catch_unwind().map(|answer| match answer {
            Ok(Ok(response)) => Ok(response.into_response()),
            Ok(Err(error)) => Ok(self.refuse(error)),
            // The panic itself stands in the log already: its hook wrote it.
            Err(_) => Ok(Problem::new(INTERNAL).into_response()),
        })
    }
}

impl<E> Answered<E> {
    fn refuse(&self, error: poem::Error) -> Response {
        let pattern = error.data::<PathPattern>().cloned();
        let route = pattern.as_ref().and_then(|pattern| self.routes.get(&*pattern.0));
        let mut response = error_mapping::response(error, route);
        if let Some(pattern) = pattern {
            response.set_data(pattern);
        }
        response
    }
}
