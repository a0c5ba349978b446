//! The outermost middleware: the request's context, its access-log line, its metrics. Every `/check`
//! passes through it, so it allocates little.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use poem::http::{HeaderValue, Method, Uri, header};
use poem::{Endpoint, Middleware, PathPattern, Request, Response, Result};

use super::routes::RouteTable;
use super::{REQUEST_ID, RequestContext, RequestId, client_address, error_response};
use crate::config::{ServerConfig, TrustedProxies};
use crate::metrics::HttpMetrics;
use crate::problem::Code;

/// A response that took this long is logged as slow.
const SLOW: Duration = Duration::from_secs(1);

/// Gives each request its context, and logs and counts its response.
pub struct Observe {
    shared: Arc<Shared>,
}

struct Shared {
    routes: Arc<RouteTable>,
    metrics: HttpMetrics,
    trusted_proxies: TrustedProxies,
    body_limit: usize,
    unmatched: Arc<str>,
}

impl Observe {
    /// For an endpoint with these routes.
    #[must_use]
    pub fn new(routes: Arc<RouteTable>, metrics: HttpMetrics, config: &ServerConfig) -> Self {
        let shared = Shared {
            routes,
            metrics,
            trusted_proxies: config.trusted_proxies.clone(),
            body_limit: usize::try_from(config.body_limit.get()).unwrap_or(usize::MAX),
            unmatched: "unmatched".into(),
        };
        Self { shared: Arc::new(shared) }
    }
}

impl<E: Endpoint<Output = Response>> Middleware<E> for Observe {
    type Output = Observed<E>;

    fn transform(&self, inner: E) -> Self::Output {
        Observed { inner, shared: Arc::clone(&self.shared) }
    }
}

/// The endpoint that [`Observe`] makes. It never fails.
pub struct Observed<E> {
    inner: E,
    shared: Arc<Shared>,
}

/// What is kept of a request for its log line and metrics.
struct Exchange {
    method: Method,
    uri: Uri,
    started: Instant,
    context: Arc<RequestContext>,
}

impl<E: Endpoint<Output = Response>> Endpoint for Observed<E> {
    type Output = Response;

    // Not `async`: an async function would hold the request, 500 bytes, once more.
    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        let started = Instant::now();
        let context = Arc::new(self.shared.context(&request));
        let exchange = Exchange {
            method: request.method().clone(),
            uri: request.uri().clone(),
            started,
            context: Arc::clone(&context),
        };
        let response = self.inner.call(request);
        context.scope(response.map(move |response| Ok(self.shared.finish(&exchange, response))))
    }
}

impl Shared {
    fn context(&self, request: &Request) -> RequestContext {
        let client = client_address::of(request, &self.trusted_proxies);
        RequestContext::new(RequestId::of(request.headers()), client, self.body_limit)
    }

    fn finish(&self, exchange: &Exchange, response: Result<Response>) -> Response {
        let mut response = response.unwrap_or_else(|error| error_response::of(error, None));
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, exchange.context.id.value());
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let elapsed = exchange.started.elapsed();
        self.count(exchange, &response, elapsed);
        log(exchange, &response, elapsed);
        response
    }

    fn count(&self, exchange: &Exchange, response: &Response, elapsed: Duration) {
        let status = response.status().as_u16();
        // An endpoint in front of the router reports no pattern; its path has no parameters.
        let pattern =
            response.data::<PathPattern>().map_or(exchange.uri.path(), |pattern| &pattern.0);
        let route = self.routes.get(pattern);
        if let Some(operation) = route.and_then(|route| route.operation(&exchange.method)) {
            operation.responded(status, elapsed);
        } else {
            let template = route.map_or(&self.unmatched, |route| &route.template);
            self.metrics.responded(&exchange.method, template, status, elapsed);
        }
    }
}

/// Logs failures and slow responses always, other responses if `access=debug` is on. Health probes are
/// not logged, nor is the query: logins are searched by it.
fn log(exchange: &Exchange, response: &Response, elapsed: Duration) {
    let (method, path, client) = (&exchange.method, exchange.uri.path(), exchange.context.client);
    if path.starts_with("/health/") {
        return;
    }
    let status = response.status().as_u16();
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let code = response.data::<Code>().map(|code| code.0);
    let user = exchange.context.user().map(tracing::field::display);
    if elapsed >= SLOW || status >= 500 {
        tracing::warn!(target: "access", %method, path, status, code, micros, user, %client, "response");
    } else if status >= 400 {
        tracing::info!(target: "access", %method, path, status, code, micros, user, %client, "response");
    } else {
        tracing::debug!(target: "access", %method, path, status, micros, user, %client, "response");
    }
}
