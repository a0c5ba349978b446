//! The client of Elasticsearch: TLS, credentials, and failover between nodes.

mod nodes;

use std::borrow::Cow;
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use elasticsearch::Elasticsearch;
use elasticsearch::auth::Credentials;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::headers::{ACCEPT_ENCODING, HeaderValue};
use elasticsearch::http::transport::{BuildError, ConnectionPool, TransportBuilder};
use url::Url;

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
    let urls = config.url.urls();
    let probes = urls.iter().map(|url| client(config, urls, Nodes::new([bare(url)])));
    let nodes = Nodes::watched(urls.iter().map(bare), probes.collect::<Result<_, _>>()?).await;
    client(config, urls, nodes)
}

/// Checks what [`connect`] needs besides nodes that respond. It sends nothing.
///
/// # Errors
/// As [`connect`].
pub fn check(config: &ElasticsearchConfig) -> Result<(), ClientError> {
    let urls = config.url.urls();
    client(config, urls, Nodes::new(urls.iter().map(bare))).map(drop)
}

fn client(
    config: &ElasticsearchConfig,
    urls: &[Url],
    nodes: impl ConnectionPool + Clone + 'static,
) -> Result<Elasticsearch, ClientError> {
    // Compression takes Elasticsearch longer than a local network takes for the uncompressed bytes.
    let mut transport = TransportBuilder::new(nodes)
        .timeout(REQUEST_TIMEOUT)
        .enable_meta_header(false)
        .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some(credentials) = credentials(config, urls) {
        transport = transport.auth(credentials);
    }
    if let Some(path) = &config.ca_file {
        let pem = std::fs::read(path);
        let pem = pem.map_err(|error| ClientError::CaFile(path.clone(), error))?;
        let authorities = Certificate::from_pem(&pem);
        let authorities = authorities.map_err(|error| ClientError::Ca(path.clone(), error))?;
        // In addition to those that the system trusts.
        transport = transport.cert_validation(CertificateValidation::Full(authorities));
    }
    if urls.iter().any(is_loopback) {
        transport = transport.disable_proxy();
    }
    Ok(Elasticsearch::new(transport.build()?))
}

/// The same for all nodes: the API key, or user and password of the first URL that has some.
fn credentials(config: &ElasticsearchConfig, urls: &[Url]) -> Option<Credentials> {
    match &config.api_key {
        Some(ApiKey::Encoded(key)) => Some(Credentials::EncodedApiKey(key.to_string())),
        Some(ApiKey::Parts(id, key)) => Some(Credentials::ApiKey(id.clone(), key.to_string())),
        None => {
            let url = urls.iter().find(|url| !url.username().is_empty())?;
            let password = url.password().unwrap_or_default();
            Some(Credentials::Basic(decoded(url.username()), decoded(password)))
        }
    }
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

/// True if a node was not reached, so that another one may answer the same request at once.
#[must_use]
pub fn is_disconnected(error: &elasticsearch::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<reqwest::Error>() {
            return !error.is_timeout() && (error.is_connect() || error.is_request());
        }
        cause = error.source();
    }
    false
}
