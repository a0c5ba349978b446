//! HTTP requests to a provider: bounded in time and size, over TLS, without redirects.

use std::time::Duration;

use futures::future::BoxFuture;
use openidconnect::url::Url;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::{StatusCode, redirect};
use service::outbound::{self, is_loopback};

/// For one request, up to the last byte of the response.
const TIMEOUT: Duration = Duration::from_secs(5);
/// For establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Maximum size of a response, in bytes.
const MAX_RESPONSE: usize = 256 << 10;

/// Why a request failed. Contains nothing from the provider's response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("a URL of the provider is not https")]
    Insecure,
    #[error("the response timed out")]
    Timeout,
    #[error("the response is too large")]
    TooLarge,
    #[error("the connection failed")]
    Unreachable,
    #[error("the response is incomplete, or a server error")]
    Failed,
}

/// Sends requests to one provider.
pub(crate) struct HttpClient {
    client: reqwest::Client,
    /// True for a provider on this host, for which plain http is allowed.
    loopback: bool,
}

impl HttpClient {
    /// A client for the provider at this URL.
    pub(crate) fn new(issuer: &Url) -> Result<Self, String> {
        let loopback = issuer.scheme() == "http";
        let builder = outbound::client_for(issuer)
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT);
        let client = builder.build().map_err(|error| error.to_string())?;
        Ok(Self { client, loopback })
    }

    /// True if secrets may be sent to this URL.
    pub(crate) fn may_connect_to(&self, url: &Url) -> bool {
        url.scheme() == "https" || (self.loopback && url.scheme() == "http" && is_loopback(url))
    }

    /// The response, unless it is a server's error or asks to come again later.
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request = reqwest::Request::try_from(request).map_err(|_| HttpError::Failed)?;
        if !self.may_connect_to(request.url()) {
            return Err(HttpError::Insecure);
        }
        let mut response = self.client.execute(request).await.map_err(|error| reason(&error))?;
        let status = response.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(HttpError::Failed);
        }
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| reason(&error))? {
            if body.len() + chunk.len() > MAX_RESPONSE {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let mut whole = HttpResponse::new(body);
        (*whole.status_mut(), *whole.headers_mut()) = (status, headers);
        Ok(whole)
    }
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = HttpError;
    type Future = BoxFuture<'c, Result<HttpResponse, HttpError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

fn reason(error: &reqwest::Error) -> HttpError {
    if error.is_timeout() {
        HttpError::Timeout
    } else if error.is_connect() {
        HttpError::Unreachable
    } else {
        HttpError::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn error_of(issuer: &str, url: &str) -> HttpError {
        let client = HttpClient::new(&Url::parse(issuer).unwrap()).unwrap();
        let mut request = HttpRequest::new(vec![]);
        *request.uri_mut() = url.parse().unwrap();
        client.send(request).await.unwrap_err()
    }

    #[tokio::test]
    async fn plain_http_is_used_on_the_loopback_interface_only() {
        let (elsewhere, here) = ("https://accounts.example", "http://127.0.0.1:1");
        for url in [here, "http://localhost:1", "http://accounts.example", "http://192.0.2.1"] {
            assert_eq!(error_of(elsewhere, url).await, HttpError::Insecure, "{url}");
        }
        for url in ["http://accounts.example", "http://192.0.2.1", "http://127.0.0.1.example"] {
            assert_eq!(error_of(here, url).await, HttpError::Insecure, "{url}");
        }
        for url in [here, "http://localhost:1", "http://[::1]:1", "https://127.0.0.1:1"] {
            assert_eq!(error_of(here, url).await, HttpError::Unreachable, "{url}");
        }
    }
}
