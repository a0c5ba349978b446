//! The client of Elasticsearch: TLS, credentials, and failover between nodes.

mod endpoint;
mod nodes;

use std::borrow::Cow;
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use elasticsearch::Elasticsearch;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::headers::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderValue};
use elasticsearch::http::response::Response;
use elasticsearch::http::transport::{BuildError, ConnectionPool, TransportBuilder};
use url::Url;

pub use self::endpoint::Endpoint;
use crate::config::{ApiKey, ElasticsearchConfig};
use crate::outbound::is_loopback;
use nodes::Nodes;

/// Longer than any page or bulk request takes on a busy cluster; requests may set less.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(2);

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// TLS cannot be set up on this machine, or a certificate is invalid.
    #[error("cannot create the Elasticsearch client: {0}")]
    Build(#[from] BuildError),
    /// The certificates of the CA cannot be read.
    #[error("ELASTICSEARCH_CA_FILE: {}: {}", .0.display(), .1)]
    CaFile(PathBuf, io::Error),
    /// The file holds no certificate.
    #[error("ELASTICSEARCH_CA_FILE: {}: {}", .0.display(), .1)]
    Ca(PathBuf, elasticsearch::Error),
}

/// A client of the nodes of one cluster. Of several nodes, requests go to those that respond.
///
/// # Errors
/// The certificates of the CA cannot be read, or TLS cannot be set up.
pub async fn connect(config: &ElasticsearchConfig) -> Result<Elasticsearch, ClientError> {
    client(config, watched_nodes(config).await?)
}

/// The same, and one path of the cluster, with the time-out of requests to it.
///
/// # Errors
/// As [`connect`].
pub async fn connect_with_endpoint(
    config: &ElasticsearchConfig,
    path: String,
    timeout: Duration,
) -> Result<(Elasticsearch, Endpoint), ClientError> {
    let nodes = watched_nodes(config).await?;
    let client = client(config, nodes.clone())?;
    let endpoint = Endpoint::new(config, client.clone(), nodes, path, timeout);
    Ok((client, endpoint))
}

async fn watched_nodes(config: &ElasticsearchConfig) -> Result<Nodes, ClientError> {
    let urls = config.url.urls();
    let probes = urls.iter().map(|url| client(config, Nodes::new([bare(url)])));
    Ok(Nodes::watched(urls.iter().map(bare), probes.collect::<Result<_, _>>()?).await)
}

/// Checks what [`connect`] needs besides nodes that respond. It sends nothing.
///
/// # Errors
/// As [`connect`].
pub fn check(config: &ElasticsearchConfig) -> Result<(), ClientError> {
    client(config, Nodes::new(config.url.urls().iter().map(bare))).map(drop)
}

fn client(
    config: &ElasticsearchConfig,
    nodes: impl ConnectionPool + Clone + 'static,
) -> Result<Elasticsearch, ClientError> {
    let mut transport = TransportBuilder::new(nodes)
        .timeout(REQUEST_TIMEOUT)
        .enable_meta_header(false)
        .headers(headers(config));
    if let Some(path) = &config.ca_file {
        let pem = std::fs::read(path);
        let pem = pem.map_err(|error| ClientError::CaFile(path.clone(), error))?;
        let authorities = Certificate::from_pem(&pem);
        let authorities = authorities.map_err(|error| ClientError::Ca(path.clone(), error))?;
        // In addition to those that the system trusts.
        transport = transport.cert_validation(CertificateValidation::Full(authorities));
    }
    if is_local(config) {
        transport = transport.disable_proxy();
    }
    Ok(Elasticsearch::new(transport.build()?))
}

/// No proxy can reach the loopback interface of this host.
fn is_local(config: &ElasticsearchConfig) -> bool {
    config.url.urls().iter().any(is_loopback)
}

/// The headers of every request.
fn headers(config: &ElasticsearchConfig) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // Compression takes Elasticsearch longer than a local network takes for the uncompressed bytes.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some(mut credentials) = authorization(config) {
        credentials.set_sensitive(true);
        headers.insert(AUTHORIZATION, credentials);
    }
    headers
}

/// The same for all nodes: the API key, or user and password of the first URL that has some.
fn authorization(config: &ElasticsearchConfig) -> Option<HeaderValue> {
    let text = match &config.api_key {
        Some(ApiKey::Encoded(key)) => format!("ApiKey {}", key.as_str()),
        Some(ApiKey::Parts(id, key)) => format!("ApiKey {}", in_base64(id, key)),
        None => {
            let url = config.url.urls().iter().find(|url| !url.username().is_empty())?;
            let (user, password) = (url.username(), url.password().unwrap_or_default());
            format!("Basic {}", in_base64(&decoded(user), &decoded(password)))
        }
    };
    // The settings refuse API keys that no header can hold.
    HeaderValue::try_from(text).ok()
}

fn in_base64(name: &str, secret: &str) -> String {
    BASE64_STANDARD.encode(format!("{name}:{secret}"))
}

fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part)
        .decode_utf8()
        .map_or_else(|_| part.to_owned(), Cow::into_owned)
}

/// The URL without user and password, which would appear in messages.
fn bare(url: &Url) -> Url {
    let mut bare = url.clone();
    // Fails only for URLs without a host, which have no credentials either.
    let _ = bare.set_username("").and_then(|()| bare.set_password(None));
    bare
}

/// The response to a request that changes nothing. If its node was not reached, the next one may answer.
///
/// # Errors
/// The request failed, or did so a second time.
pub async fn from_any_node<F: Future<Output = Result<Response, elasticsearch::Error>>>(
    send: impl Fn() -> F,
) -> F::Output {
    match send().await {
        Err(error) if is_disconnected(&error) => send().await,
        response => response,
    }
}

/// True if a node was not reached, so that another one may answer the same request at once.
fn is_disconnected(error: &elasticsearch::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<reqwest::Error>() {
            return !error.is_timeout() && (error.is_connect() || error.is_request());
        }
        cause = error.source();
    }
    false
}
