//! The one endpoint around all others: the request's id, its log line, its metrics. It stands in
//! the way of every `/check`, so it allocates next to nothing.

use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::Either;
use poem::http::{HeaderValue, Method, Uri, header};
use poem::{Endpoint, PathPattern, Request, Response, Result};

use super::context::{Context, HEADER, RequestId, Shared};
use super::documented_routes::Routes;
use super::error_mapping;
use super::problem::{Code, Problem};
use super::request_errors;
use super::static_routes::{OperationId, Operations};
use crate::metrics::HttpMetrics;

/// From here on an answer counts as slow and is logged as such.
const SLOW: Duration = Duration::from_secs(1);

/// Everything that happens to every request.
pub struct Edge<E> {
    inner: E,
    operations: Arc<Operations>,
    shared: Arc<Shared>,
    after: After,
}

/// What an answer is finished with.
struct After {
    operations: Arc<Operations>,
    routes: Arc<Routes>,
    metrics: HttpMetrics,
    unmatched: Arc<str>,
}

impl<E> Edge<E> {
    /// Puts the edge around `inner`. It finds those of `operations` for [`crate::http::Direct`]; the
    /// router has `routes`.
    pub fn new(
        inner: E,
        (operations, routes): (Arc<Operations>, Arc<Routes>),
        metrics: HttpMetrics,
        shared: Shared,
    ) -> Self {
        let unmatched = "unmatched".into();
        let after = After { operations: Arc::clone(&operations), routes, metrics, unmatched };
        Self { inner, operations, shared: Arc::new(shared), after }
    }
}

/// What is kept of a request for its log line.
struct Asked {
    id: RequestId,
    what: What,
    started: Instant,
}

enum What {
    Found(OperationId),
    Routed(Method, Uri),
}

impl<E: Endpoint<Output = Response>> Endpoint for Edge<E> {
    type Output = Response;

    // Not `async`: a request is 500 bytes, and each async function would hold it twice more.
    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        let operation = self.operations.find(&request);
        let what = operation.map_or_else(
            || What::Routed(request.method().clone(), request.uri().clone()),
            What::Found,
        );
        let id = RequestId::of(request.headers());
        let asked = Asked { id: id.clone(), what, started: Instant::now() };
        let context = Context { id, shared: Arc::clone(&self.shared), operation };
        let answer = if has_nul(request.uri()) {
            Either::Left(ready(Err(nul_refused())))
        } else {
            Either::Right(context.enter(|| self.inner.call(request)))
        };
        context.scope(answer.map(move |answer| Ok(self.after.finish(&asked, answer))))
    }
}

impl After {
    fn finish(&self, asked: &Asked, answer: Result<Response>) -> Response {
        let mut response = answer.unwrap_or_else(|error| error_mapping::response(error, None));
        let headers = response.headers_mut();
        headers.insert(HEADER, asked.id.value());
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let elapsed = asked.started.elapsed();
        let status = response.status().as_u16();
        match &asked.what {
            What::Found(id) => {
                if let Some(operation) = self.operations.get(*id) {
                    operation.metrics.answered(status, elapsed);
                    log(&operation.method, &operation.path, &response, elapsed);
                }
            }
            What::Routed(method, uri) => {
                // Without the router, the path is the pattern.
                let pattern = response.data().map_or(uri.path(), |PathPattern(found)| found);
                let route = self.routes.get(pattern);
                let template = route.map_or(&self.unmatched, |route| &route.template);
                self.metrics.answered(method, template, status, elapsed);
                log(method, uri.path(), &response, elapsed);
            }
        }
        response
    }
}

fn nul_refused() -> poem::Error {
    Problem::new(request_errors::FIELD).detail("The URL contains U+0000 (%00).").into()
}

/// PostgreSQL refuses U+0000 in any text; no parameter of ours can mean it.
fn has_nul(uri: &Uri) -> bool {
    uri.path_and_query().is_some_and(|text| {
        let bytes = text.as_str().as_bytes();
        bytes.contains(&b'%') && bytes.windows(3).any(|window| window == b"%00")
    })
}

/// One line for what somebody may want to look into; the rest only where `debug` is asked for.
/// The query stays out: logins are searched by it.
fn log(method: &Method, path: &str, response: &Response, elapsed: Duration) {
    let status = response.status();
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let code = response.data::<Code>().map_or("", |code| code.0);
    let status = status.as_u16();
    if elapsed >= SLOW || status >= 500 {
        tracing::warn!(%method, path, status, code, micros, "answered");
    } else if status >= 400 {
        tracing::info!(%method, path, status, code, micros, "answered");
    } else {
        tracing::debug!(%method, path, status, micros, "answered");
    }
}

#[cfg(test)]
#[path = "pipeline_tests.rs"]
mod tests;
