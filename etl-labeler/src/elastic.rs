//! The Elasticsearch client, and responses as bytes or as errors that name the operation.

use std::{borrow::Cow, time::Duration};

use elasticsearch::{
    Elasticsearch,
    auth::Credentials,
    http::{
        Url,
        headers::{ACCEPT_ENCODING, HeaderValue},
        response::Response,
        transport::{BuildError, SingleNodeConnectionPool, TransportBuilder},
    },
};
use serde::Deserialize;
use thiserror::Error;

/// Longer than any page or bulk request takes on a busy cluster.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(2);

/// A client for the index (or alias) of the films.
#[derive(Debug, Clone)]
pub struct Elastic {
    pub(crate) client: Elasticsearch,
    /// Name of the index or alias.
    pub index: String,
}

/// Why an Elasticsearch request failed.
#[derive(Debug, Error)]
pub enum ElasticError {
    /// The client cannot be created.
    #[error("cannot create the Elasticsearch client: {0}")]
    Client(#[from] BuildError),
    /// There was no response, or it was incomplete.
    #[error("cannot {operation}: no response from Elasticsearch: {source}")]
    Unreachable {
        /// The operation, such as `read a page of films`.
        operation: String,
        /// The client's error.
        source: elasticsearch::Error,
    },
    /// The response has an error status.
    #[error("cannot {operation}: Elasticsearch returned {status}: {reason}")]
    Refused {
        /// The operation, such as `read a page of films`.
        operation: String,
        /// HTTP status.
        status: u16,
        /// Elasticsearch's message.
        reason: String,
    },
    /// The response does not have the documented form.
    #[error("cannot {operation}: unexpected response from Elasticsearch: {source}")]
    Unreadable {
        /// The operation, such as `read a page of films`.
        operation: String,
        /// Position and kind of the difference.
        source: serde_json::Error,
    },
    /// Writing to the index is blocked, by an operator or because a disk is full.
    #[error("{films} films of a page were not written, since writing is blocked: {reason}")]
    Blocked {
        /// Films that were not written.
        films: u64,
        /// Elasticsearch's message, which names the block.
        reason: String,
    },
    /// The index does not exist.
    #[error("the index `{0}` does not exist; `etl-labeler import FILE` creates it")]
    NoIndex(String),
}

impl Elastic {
    /// A client for one URL. A user name and password in it are sent with basic authentication and
    /// appear in no message.
    ///
    /// # Errors
    /// [`ElasticError::Client`] if TLS cannot be set up on this machine.
    pub fn new(url: &Url, index: &str) -> Result<Self, ElasticError> {
        let mut bare = url.clone();
        // Fails only for URLs without a host, which have no credentials either.
        let _ = bare.set_username("").and_then(|()| bare.set_password(None));
        // Compression takes Elasticsearch longer than a local network takes for the uncompressed bytes.
        let mut transport = TransportBuilder::new(SingleNodeConnectionPool::new(bare))
            .timeout(REQUEST_TIMEOUT)
            .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if !url.username().is_empty() {
            let password = url.password().unwrap_or_default();
            transport =
                transport.auth(Credentials::Basic(decoded(url.username()), decoded(password)));
        }
        Ok(Self { client: Elasticsearch::new(transport.build()?), index: index.to_owned() })
    }
}

fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part)
        .decode_utf8()
        .map_or_else(|_| part.to_owned(), Cow::into_owned)
}

/// The body of a successful response.
pub(crate) async fn body(
    sent: Result<Response, elasticsearch::Error>,
    operation: &str,
) -> Result<Vec<u8>, ElasticError> {
    let unreachable =
        |source| ElasticError::Unreachable { operation: operation.to_owned(), source };
    let response = sent.map_err(unreachable)?;
    let status = response.status_code();
    let bytes = response.bytes().await.map_err(unreachable)?;
    if status.is_success() {
        return Ok(bytes.into());
    }
    let reason = reason(&bytes);
    Err(ElasticError::Refused { operation: operation.to_owned(), status: status.as_u16(), reason })
}

/// Parses the JSON of a response.
pub(crate) fn read<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    operation: &str,
) -> Result<T, ElasticError> {
    serde_json::from_slice(bytes)
        .map_err(|source| ElasticError::Unreadable { operation: operation.to_owned(), source })
}

/// The root cause in an error response, or else the body itself.
fn reason(bytes: &[u8]) -> String {
    #[derive(Deserialize)]
    struct ErrorResponse {
        error: ErrorCause,
    }
    serde_json::from_slice::<ErrorResponse>(bytes).map_or_else(
        |_| String::from_utf8_lossy(bytes).into_owned(),
        |response| response.error.to_string(),
    )
}

/// An error of a whole request, or of a single item of a bulk request.
#[derive(Debug, Deserialize)]
pub(crate) struct ErrorCause {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    root_cause: Vec<ErrorCause>,
    caused_by: Option<Box<ErrorCause>>,
}

impl ErrorCause {
    /// Elasticsearch's name for the error, such as `document_parsing_exception`.
    pub(crate) fn kind(&self) -> &str {
        &self.r#type
    }
}

impl std::fmt::Display for ErrorCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(root) = self.root_cause.first() {
            return root.fmt(f);
        }
        write!(f, "{}: {}", self.r#type, self.reason.as_deref().unwrap_or("no reason given"))?;
        match &self.caused_by {
            Some(cause) => write!(f, "; {cause}"),
            None => Ok(()),
        }
    }
}
