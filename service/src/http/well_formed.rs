//! Requests that are refused before an operation sees them.

use std::future::ready;

use futures::future::Either;
use poem::http::{Version, header};
use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result};

use crate::problem::Problem;
use crate::problem::request::{HEADERS_TOO_LARGE, HOST, URL_TOO_LONG};

/// Maximum length of path and query in bytes.
const MAX_URL: usize = 8 << 10;

/// Maximum length of all names and values of header fields in bytes, the same for every version of HTTP.
const MAX_HEADERS: usize = 32 << 10;

/// Refuses requests without exactly one `Host` (RFC 9112, section 3.2), and those with a long URL or large
/// headers, which a proxy in front would refuse less readably.
#[derive(Clone, Copy, Debug)]
pub struct WellFormed;

impl<E: Endpoint<Output = Response>> Middleware<E> for WellFormed {
    type Output = WellFormedOnly<E>;

    fn transform(&self, inner: E) -> Self::Output {
        WellFormedOnly(inner)
    }
}

/// The endpoint that [`WellFormed`] makes.
pub struct WellFormedOnly<E>(E);

impl<E: Endpoint<Output = Response>> Endpoint for WellFormedOnly<E> {
    type Output = Response;

    // Not `async`: an async function would hold the request, 500 bytes, once more.
    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        match verify(&request) {
            Ok(()) => Either::Left(self.0.call(request)),
            Err(problem) => Either::Right(ready(Ok(problem.into_response()))),
        }
    }
}

fn verify(request: &Request) -> std::result::Result<(), Box<Problem>> {
    let refused = |spec, detail: String| Err(Box::new(Problem::new(spec).detail(detail)));
    let url = request.uri().path_and_query().map_or(0, |url| url.as_str().len());
    if url > MAX_URL {
        return refused(URL_TOO_LONG, format!("The limit is {MAX_URL} bytes."));
    }
    let headers = request.headers();
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size > MAX_HEADERS {
        return refused(HEADERS_TOO_LARGE, format!("The limit is {MAX_HEADERS} bytes."));
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    // HTTP/2 has `:authority` instead, and HTTP/1.0 neither.
    let is_named = hosts.next().is_some() || request.version() != Version::HTTP_11;
    if !is_named || hosts.next().is_some() {
        return Err(Box::new(Problem::new(HOST)));
    }
    Ok(())
}
