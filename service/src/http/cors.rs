//! Browser front ends on other origins.

use std::future::ready;

use futures::FutureExt;
use futures::future::Either;
use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result};

use crate::config::Origins;
use crate::problem::Problem;
use crate::problem::request::CORS;

/// How long a browser may cache the response to a preflight, in seconds.
const PREFLIGHT_MAX_AGE: &str = "3600";

const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
const METHOD_LIST: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";

/// The headers of responses that front ends may read.
const EXPOSED: &str = "etag, location, ratelimit, ratelimit-policy, retry-after, www-authenticate, \
                       x-authorization, x-request-id";

/// Maximum number of characters of a header's name that a response quotes.
const MAX_NAME: usize = 64;

/// Marks responses to the configured origins with CORS headers. Other origins receive the same
/// responses unmarked, which their browser then withholds from them; a request from our own `/docs`
/// carries an origin, too. Preflights are answered here, and a refusal says why.
pub struct Cors {
    origins: Vec<HeaderValue>,
    headers: Vec<HeaderName>,
}

impl Cors {
    /// Lets front ends of these origins send these headers and read responses.
    #[must_use]
    pub fn new(origins: &Origins, headers: &[HeaderName]) -> Self {
        Self { origins: origins.as_slice().to_vec(), headers: headers.to_vec() }
    }
}

impl<E: Endpoint<Output = Response> + 'static> Middleware<E> for Cors {
    type Output = ForOrigins<E>;

    fn transform(&self, inner: E) -> Self::Output {
        let names: Vec<&str> = self.headers.iter().map(HeaderName::as_str).collect();
        // Names of headers are valid values.
        let header_list = HeaderValue::from_str(&names.join(", "));
        ForOrigins {
            origins: self.origins.clone(),
            headers: self.headers.clone(),
            header_list: header_list.unwrap_or(HeaderValue::from_static("")),
            inner,
        }
    }
}

/// The endpoint that [`Cors`] makes.
pub struct ForOrigins<E> {
    origins: Vec<HeaderValue>,
    headers: Vec<HeaderName>,
    header_list: HeaderValue,
    inner: E,
}

impl<E: Endpoint<Output = Response> + 'static> Endpoint for ForOrigins<E> {
    type Output = Response;

    // Not `async`: an async function would hold the request, 500 bytes, once more.
    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        let has_origins = !self.origins.is_empty();
        let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
            let is_cacheable = matches!(*request.method(), Method::GET | Method::HEAD);
            let response = self.inner.call(request);
            return Either::Left(
                response.map(move |response| vary(response, has_origins && is_cacheable)),
            );
        };
        let is_allowed = self.origins.contains(&origin);
        let is_preflight = *request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let response = if is_preflight {
            Either::Left(ready(Ok(self.preflight(request.headers(), is_allowed))))
        } else {
            Either::Right(self.inner.call(request))
        };
        let marked = response.map(move |response| {
            let response =
                response.map(|response| if is_allowed { mark(response, origin) } else { response });
            vary(response, has_origins)
        });
        Either::Right(marked.boxed())
    }
}

impl<E> ForOrigins<E> {
    fn preflight(&self, asked: &HeaderMap, is_allowed: bool) -> Response {
        if let Some(detail) = self.refusal(asked, is_allowed) {
            return Problem::new(CORS).detail(detail).into_response();
        }
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        let fixed = HeaderValue::from_static;
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, fixed(METHOD_LIST));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, self.header_list.clone());
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, fixed(PREFLIGHT_MAX_AGE));
        response
    }

    fn refusal(&self, asked: &HeaderMap, is_allowed: bool) -> Option<String> {
        if !is_allowed {
            return Some("The origin is not one of the setting *_CORS_ORIGINS.".into());
        }
        let method = asked.get(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !method.is_some_and(|asked| METHODS.iter().any(|method| asked == method.as_str())) {
            return Some(format!("The methods are {METHOD_LIST}."));
        }
        let lists = asked.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).iter();
        let mut names = lists.flat_map(|list| list.as_bytes().split(|&byte| byte == b','));
        let unknown = names.find(|name| {
            let name = name.trim_ascii();
            !name.is_empty()
                && !self.headers.iter().any(|known| name.eq_ignore_ascii_case(known.as_ref()))
        })?;
        let name: String =
            String::from_utf8_lossy(unknown.trim_ascii()).chars().take(MAX_NAME).collect();
        Some(format!("The request header `{name}` is not one of the setting *_CORS_HEADERS."))
    }
}

fn mark(mut response: Response, origin: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    // For the cookies of logins through identity providers, the only cookies there are.
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    response
}

/// Tells shared caches to ask for each origin, also where the response is not marked: a front end must not
/// receive one that was made for a request without its origin.
fn vary(mut response: Result<Response>, by_origin: bool) -> Result<Response> {
    if by_origin && let Ok(response) = &mut response {
        response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    }
    response
}
