//! HTTP clients. A proxy of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, except for `NO_PROXY`) is used as by
//! other programs, but never for this host: no proxy can reach its loopback interface.

use std::error::Error;

use reqwest::ClientBuilder;
use url::{Host, Url};

/// A client for requests to this URL.
pub fn client_for(url: &Url) -> ClientBuilder {
    let builder = reqwest::Client::builder();
    if is_loopback(url) { builder.no_proxy() } else { builder }
}

/// The error with its causes; the messages of HTTP clients only say that a request failed.
#[must_use]
pub fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// True if the URL leads to this host.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn loopback_is_told_by_name_and_address() {
        for url in ["http://localhost", "http://127.8.0.1:1", "https://[::1]:9200"] {
            assert!(is_loopback(&url.parse().expect("a URL")), "{url}");
        }
        for url in ["http://localhost.example", "http://10.0.0.1", "http://[fe80::1]", "data:x"] {
            assert!(!is_loopback(&url.parse().expect("a URL")), "{url}");
        }
    }
}
