//! The request that a proxy asks about, in the form in which each kind of proxy describes it.

use poem::Request;
use poem::http::header::{HOST, HeaderName};
use poem::http::{HeaderMap, HeaderValue, Uri};

use super::host;
use super::path::{self, AmbiguousPath};

/// Maximum length of a method in bytes.
const MAX_METHOD: usize = 32;

/// What Envoy puts before the path of the original request.
const ENVOY_PREFIX: &str = "/forward-auth/envoy";

const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
const ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");
const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

/// A request to another application, as rules name it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OriginalRequest {
    /// The method; `GET` in place of `HEAD`, which applications answer as `GET`.
    pub(super) action: String,
    /// Host and decoded path, the id of a resource of the type `web`.
    pub(super) id: String,
}

/// Why it is not certain which request a proxy asks about.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum OriginalRequestError {
    #[error(
        "The proxy sends neither X-Original-Method and X-Original-URI nor X-Forwarded-Method, X-Forwarded-Host and X-Forwarded-Uri."
    )]
    NoForm,
    #[error("The original request is described in two forms, those of different proxies.")]
    SeveralForms,
    #[error("The header {0} is missing.")]
    Missing(HeaderName),
    #[error("The header {0} is repeated.")]
    Repeated(HeaderName),
    #[error("The method is not in capital letters.")]
    Method,
    #[error("The host is neither a name nor an address.")]
    Host,
    #[error("The request names different hosts.")]
    SeveralHosts,
    #[error(transparent)]
    Path(#[from] AmbiguousPath),
}

impl OriginalRequest {
    /// The original request of this request of a proxy: in headers of nginx (`X-Original-…`), in those of Caddy and
    /// Traefik (`X-Forwarded-…`), or the request itself below the prefix of Envoy.
    pub(super) fn of(request: &Request) -> Result<Self, OriginalRequestError> {
        let headers = request.headers();
        let has = |name: &HeaderName| headers.contains_key(name);
        let is_original = has(&ORIGINAL_METHOD) || has(&ORIGINAL_URI);
        let is_forwarded = has(&FORWARDED_METHOD) || has(&FORWARDED_URI);
        let required = |name: &HeaderName| single(headers, name)?.ok_or_else(|| missing(name));
        match (envoy_path(request.uri()), is_original, is_forwarded) {
            (None, true, false) => {
                let (method, target) = (required(&ORIGINAL_METHOD)?, required(&ORIGINAL_URI)?);
                Self::new(method, own_host(request)?, target)
            }
            (None, false, true) => {
                let (method, target) = (required(&FORWARDED_METHOD)?, required(&FORWARDED_URI)?);
                Self::new(method, canonical(required(&FORWARDED_HOST)?)?, target)
            }
            (Some(path), false, false) => {
                Self::new(request.method().as_str().as_bytes(), own_host(request)?, path.as_bytes())
            }
            (None, false, false) => Err(OriginalRequestError::NoForm),
            _ => Err(OriginalRequestError::SeveralForms),
        }
    }

    pub(super) fn new(
        method: &[u8],
        host: String,
        target: &[u8],
    ) -> Result<Self, OriginalRequestError> {
        let action = action(method).ok_or(OriginalRequestError::Method)?;
        let path = target.split(|&byte| byte == b'?').next().unwrap_or_default();
        let mut id = host;
        id.push_str(&path::decode(path)?);
        Ok(Self { action, id })
    }
}

/// The original path, if this is a request of Envoy.
pub(super) fn envoy_path(uri: &Uri) -> Option<&str> {
    uri.path().strip_prefix(ENVOY_PREFIX).filter(|path| path.starts_with('/'))
}

/// Methods are case-sensitive, but not for every application: a rule on `POST` would not apply to `post`.
fn action(method: &[u8]) -> Option<String> {
    let is_method_byte = |&byte: &u8| byte.is_ascii_uppercase() || byte == b'-';
    let is_method = (1..=MAX_METHOD).contains(&method.len()) && method.iter().all(is_method_byte);
    let action: &[u8] = if method == b"HEAD" { b"GET" } else { method };
    is_method.then(|| String::from_utf8_lossy(action).into_owned())
}

/// The host that the proxy sent this request for. It must not be contradicted by what the application might believe.
fn own_host(request: &Request) -> Result<String, OriginalRequestError> {
    let headers = request.headers();
    let authority = request.uri().authority().map(|authority| authority.as_str().as_bytes());
    let own = [authority, single(headers, &HOST)?];
    let mut hosts = own.into_iter().flatten().map(canonical);
    let host = hosts.next().ok_or_else(|| missing(&HOST))??;
    let forwarded = single(headers, &FORWARDED_HOST)?.map(canonical);
    for other in hosts.chain(forwarded) {
        if other? != host {
            return Err(OriginalRequestError::SeveralHosts);
        }
    }
    Ok(host)
}

fn canonical(authority: &[u8]) -> Result<String, OriginalRequestError> {
    host::canonical(authority).ok_or(OriginalRequestError::Host)
}

fn single<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'h [u8]>, OriginalRequestError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value.map(HeaderValue::as_bytes)),
        (_, Some(_)) => Err(OriginalRequestError::Repeated(name.clone())),
    }
}

fn missing(name: &HeaderName) -> OriginalRequestError {
    OriginalRequestError::Missing(name.clone())
}

#[cfg(test)]
#[path = "original_request_tests.rs"]
mod tests;
