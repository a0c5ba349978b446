//! The one endpoint around all others: the request's id, its log line, its metrics. It stands in
//! the way of every `/check`, so it allocates next to nothing.

use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::Either;
use poem::http::{HeaderValue, Method, Uri, header};
use poem::{Endpoint, PathPattern, Request, Response, Result};

use super::context::{self, Context, RequestId};
use super::refusal;
use super::routes::Routes;
use crate::input;
use crate::ops::HttpMetrics;
use crate::problem::{Code, Problem};

/// From here on an answer counts as slow and is logged as such.
const SLOW: Duration = Duration::from_secs(1);

/// Everything that happens to every request.
pub struct Edge<E> {
    inner: E,
    after: After,
    share: Share,
    body_limit: usize,
}

/// Leaves on a request what extractors look for.
pub type Share = Box<dyn Fn(&mut Request) + Send + Sync>;

/// What an answer is finished with.
struct After {
    routes: Arc<Routes>,
    metrics: HttpMetrics,
    unmatched: Arc<str>,
}

impl<E> Edge<E> {
    /// Puts the edge around `inner`, whose requests get what `share` leaves on them.
    /// `body_limit` is in bytes.
    pub fn new(
        inner: E,
        (routes, metrics): (Arc<Routes>, HttpMetrics),
        share: Share,
        body_limit: usize,
    ) -> Self {
        let after = After { routes, metrics, unmatched: "unmatched".into() };
        Self { inner, after, share, body_limit }
    }
}

/// What is kept of a request for its log line.
struct Asked {
    id: RequestId,
    method: Method,
    uri: Uri,
    started: Instant,
}

impl<E: Endpoint<Output = Response>> Endpoint for Edge<E> {
    type Output = Response;

    // Not `async`: a request is 500 bytes, and each async function would hold it twice more.
    fn call(&self, mut request: Request) -> impl Future<Output = Result<Response>> + Send {
        let asked = Asked {
            id: RequestId::of(request.headers()),
            method: request.method().clone(),
            uri: request.uri().clone(),
            started: Instant::now(),
        };
        request.set_data(Context { id: asked.id.clone(), body_limit: self.body_limit });
        (self.share)(&mut request);
        let answer = if has_nul(&asked.uri) {
            Either::Left(ready(Err(nul_refused())))
        } else {
            Either::Right(self.inner.call(request))
        };
        context::scope(asked.id.clone(), answer)
            .map(move |answer| Ok(self.after.finish(&asked, answer)))
    }
}

impl After {
    fn finish(&self, asked: &Asked, answer: Result<Response>) -> Response {
        context::with(&asked.id, || {
            let mut response = answer.unwrap_or_else(|error| refusal::response(error, None));
            let headers = response.headers_mut();
            headers.insert(context::HEADER, asked.id.value());
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            // Without the router, the path is the pattern.
            let pattern = response.data().map_or(asked.uri.path(), |PathPattern(found)| found);
            let route = self.routes.get(pattern);
            let template = route.map_or(&self.unmatched, |route| &route.template);
            let elapsed = asked.started.elapsed();
            self.metrics.answered(&asked.method, template, response.status().as_u16(), elapsed);
            log(asked, &response, elapsed);
            response
        })
    }
}

fn nul_refused() -> poem::Error {
    Problem::new(input::FIELD).detail("The URL contains U+0000 (%00).").into()
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
fn log(asked: &Asked, response: &Response, elapsed: Duration) {
    let status = response.status();
    let (method, path) = (&asked.method, asked.uri.path());
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
#[path = "edge_tests.rs"]
mod tests;
