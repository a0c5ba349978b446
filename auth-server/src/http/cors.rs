//! Browser front ends on other origins.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::Either;
use poem::http::{HeaderValue, Method, header};
use poem::middleware::{Cors, CorsEndpoint};
use poem::{Endpoint, Middleware, Request, Response, Result};

/// How long a browser may keep the answer to a preflight, in seconds.
const PREFLIGHT_KEPT: i32 = 3600;

/// Answers the configured origins with CORS headers. Others get the same answers without them,
/// which their browser then keeps from them; a request from our own `/docs` carries an origin, too.
pub struct Origins<E> {
    known: Vec<HeaderValue>,
    shared: CorsEndpoint<Arc<E>>,
    plain: Arc<E>,
}

impl<E: Endpoint<Output = Response> + 'static> Origins<E> {
    /// Lets front ends of the `known` origins call `inner`.
    pub fn new(inner: E, known: &[HeaderValue]) -> Self {
        let plain = Arc::new(inner);
        let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        // It is only asked about known origins, so it is not told them again.
        let cors = Cors::new()
            .allow_methods(methods)
            .allow_headers(["authorization", "content-type", "if-match", "x-request-id"])
            .expose_headers(["etag", "location", "retry-after", "x-request-id"])
            .max_age(PREFLIGHT_KEPT);
        Self { known: known.to_vec(), shared: cors.transform(Arc::clone(&plain)), plain }
    }
}

impl<E: Endpoint<Output = Response> + 'static> Endpoint for Origins<E> {
    type Output = Response;

    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        match request.headers().get(header::ORIGIN) {
            Some(origin) if self.known.contains(origin) => {
                Either::Left(self.shared.call(request).boxed())
            }
            _ => Either::Right(self.plain.call(request)),
        }
    }
}
