//! The Elasticsearch client, and responses as bytes or as errors that name the operation.

use elasticsearch::{Elasticsearch, http::response::Response};
use serde::Deserialize;
use service::{
    config::ElasticsearchConfig,
    elasticsearch::{ClientError, connect},
};
use thiserror::Error;

use crate::excerpt::excerpt;

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
    #[error(transparent)]
    Client(#[from] ClientError),
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
    /// A client of the configured index.
    ///
    /// # Errors
    /// [`ElasticError::Client`] if certificates cannot be read, or TLS cannot be set up on this machine.
    pub async fn connect(config: &ElasticsearchConfig) -> Result<Self, ElasticError> {
        Ok(Self { client: connect(config).await?, index: config.index.to_string() })
    }
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
        let reason = self.reason.as_deref().unwrap_or("no reason given");
        write!(f, "{}: {}", self.r#type, excerpt(reason))?;
        match &self.caused_by {
            Some(cause) => write!(f, "; {cause}"),
            None => Ok(()),
        }
    }
}
