//! `/forward-auth`: proxies ask whether a request to another application may pass (nginx `auth_request`,
//! Caddy and Traefik `forward_auth`, Envoy `ext_authz`). The answer is the status.

pub(crate) mod fast_path;
mod host;
pub(crate) mod operation;
mod original_request;
mod passed;
mod path;

pub(crate) use fast_path::FastForwardAuth;
pub(crate) use operation::ForwardAuthApi;

/// The id of the resource that a proxy asks about, for the fuzz targets.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzzed(host: &str, target: &str) -> Option<String> {
    let host = host::canonical(host.as_bytes())?;
    let original = original_request::OriginalRequest::new(b"GET", host, target.as_bytes());
    original.ok().map(|original| original.id)
}
