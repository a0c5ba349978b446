//! Requests to a provider: bounded in time and size, and never somewhere else than asked.

use std::time::Duration;

use futures::future::BoxFuture;
use openidconnect::url::{Host, Url};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::redirect;

/// Longest time for one request, its answer's last byte included.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time until a connection stands.
const CONNECT: Duration = Duration::from_secs(3);
/// Largest answer, in bytes.
const LARGEST: usize = 256 << 10;

/// Why there is no answer. Says nothing that the provider said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WebError {
    #[error("an address of the provider is not https")]
    Insecure,
    #[error("an answer takes too long")]
    Slow,
    #[error("an answer is too large")]
    Large,
    #[error("there is no connection")]
    Away,
    #[error("an answer breaks off, or has a status of failure")]
    Broken,
}

/// Asks one provider.
pub(crate) struct Web {
    client: reqwest::Client,
    /// True for a provider on this machine, which needs no https.
    loopback: bool,
}

impl Web {
    /// For the provider at this address.
    pub(crate) fn of(issuer: &Url) -> Result<Self, String> {
        let loopback = issuer.scheme() == "http";
        let builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(TIMEOUT);
        // A proxy elsewhere can't reach this machine.
        let builder = if loopback { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(|error| error.to_string())?;
        Ok(Self { client, loopback })
    }

    /// True where a secret may be sent to this address.
    pub(crate) fn may_go_to(&self, url: &Url) -> bool {
        url.scheme() == "https" || (self.loopback && url.scheme() == "http" && is_loopback(url))
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, WebError> {
        let request = reqwest::Request::try_from(request).map_err(|_| WebError::Broken)?;
        if !self.may_go_to(request.url()) {
            return Err(WebError::Insecure);
        }
        let mut answer = self.client.execute(request).await.map_err(|error| reason(&error))?;
        let status = answer.status();
        if status.is_server_error() {
            return Err(WebError::Broken);
        }
        let headers = std::mem::take(answer.headers_mut());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| reason(&error))? {
            if body.len() + chunk.len() > LARGEST {
                return Err(WebError::Large);
            }
            body.extend_from_slice(&chunk);
        }
        let mut whole = HttpResponse::new(body);
        (*whole.status_mut(), *whole.headers_mut()) = (status, headers);
        Ok(whole)
    }
}

impl<'c> AsyncHttpClient<'c> for Web {
    type Error = WebError;
    type Future = BoxFuture<'c, Result<HttpResponse, WebError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

fn reason(error: &reqwest::Error) -> WebError {
    if error.is_timeout() {
        WebError::Slow
    } else if error.is_connect() {
        WebError::Away
    } else {
        WebError::Broken
    }
}

/// True for an address on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(issuer: &str, url: &str) -> WebError {
        let web = Web::of(&Url::parse(issuer).unwrap()).unwrap();
        let mut request = HttpRequest::new(vec![]);
        *request.uri_mut() = url.parse().unwrap();
        web.ask(request).await.unwrap_err()
    }

    #[tokio::test]
    async fn nothing_goes_over_the_wire_in_the_clear_but_on_this_machine() {
        let (elsewhere, here) = ("https://accounts.example", "http://127.0.0.1:1");
        for url in [here, "http://localhost:1", "http://accounts.example", "http://192.0.2.1"] {
            assert_eq!(asked(elsewhere, url).await, WebError::Insecure, "{url}");
        }
        for url in ["http://accounts.example", "http://192.0.2.1", "http://127.0.0.1.example"] {
            assert_eq!(asked(here, url).await, WebError::Insecure, "{url}");
        }
        for url in [here, "http://localhost:1", "http://[::1]:1", "https://127.0.0.1:1"] {
            assert_eq!(asked(here, url).await, WebError::Away, "{url}");
        }
    }
}
