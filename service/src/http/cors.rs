//! Browser front ends on other origins.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::Either;
use poem::http::{HeaderValue, Method, header};
use poem::middleware::{Cors as PoemCors, CorsEndpoint};
use poem::{Endpoint, Middleware, Request, Response, Result};

use crate::config::Origins;

/// How long a browser may cache the response to a preflight, in seconds.
const PREFLIGHT_MAX_AGE: i32 = 3600;

/// Marks responses to the configured origins with CORS headers. Other origins receive the same
/// responses unmarked, which their browser then withholds from them; a request from our own `/docs`
/// carries an origin, too.
pub struct Cors {
    origins: Vec<HeaderValue>,
}

impl Cors {
    /// Lets front ends of these origins read responses.
    #[must_use]
    pub fn new(origins: &Origins) -> Self {
        Self { origins: origins.as_slice().to_vec() }
    }
}

impl<E: Endpoint<Output = Response> + 'static> Middleware<E> for Cors {
    type Output = ForOrigins<E>;

    fn transform(&self, inner: E) -> Self::Output {
        let plain = Arc::new(inner);
        let methods =
            [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        // Called for the configured origins only, so it does not have to know them.
        let cors = PoemCors::new()
            .allow_methods(methods)
            .allow_headers([
                "authorization",
                "content-type",
                "if-match",
                "if-none-match",
                "x-request-id",
            ])
            .expose_headers([
                "etag",
                "location",
                "retry-after",
                "www-authenticate",
                "x-authorization",
                "x-request-id",
            ])
            .max_age(PREFLIGHT_MAX_AGE);
        let marked = cors.transform(Arc::clone(&plain));
        ForOrigins { origins: self.origins.clone(), marked, plain }
    }
}

/// The endpoint that [`Cors`] makes.
pub struct ForOrigins<E> {
    origins: Vec<HeaderValue>,
    marked: CorsEndpoint<Arc<E>>,
    plain: Arc<E>,
}

impl<E: Endpoint<Output = Response> + 'static> Endpoint for ForOrigins<E> {
    type Output = Response;

    // Not `async`: an async function would hold the request, 500 bytes, once more.
    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        match request.headers().get(header::ORIGIN) {
            Some(origin) if self.origins.contains(origin) => {
                Either::Left(self.marked.call(request).boxed())
            }
            _ => Either::Right(self.plain.call(request)),
        }
    }
}
