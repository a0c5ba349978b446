//! The Elasticsearch client, and responses as bytes or as errors that name the operation.

use std::time::Duration;

use elasticsearch::{Elasticsearch, http::response::Response};
use serde::Deserialize;
use service::{
    config::ElasticsearchConfig,
    elasticsearch::{ClientError, connect},
};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::{
    excerpt::excerpt,
    retry::{Attempts, Retry},
};

/// A client for the index (or alias) of the films.
#[derive(Debug, Clone)]
pub struct Elastic {
    pub(crate) client: Elasticsearch,
    /// Name of the index or alias.
    pub index: String,
    retry: Retry,
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
        /// Elasticsearch's name for the error, such as `index_not_found_exception`; empty if it has none.
        kind: String,
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
    /// The index is closed, so that it can be neither read nor written.
    #[error("cannot {operation}: the index `{index}` is closed; open it (POST /{index}/_open)")]
    Closed {
        /// The operation, such as `read a page of films`.
        operation: String,
        /// The index.
        index: String,
    },
    /// A signal ended the wait for an overloaded Elasticsearch.
    #[error("interrupted")]
    Interrupted,
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
        let index = config.index.to_string();
        Ok(Self { client: connect(config).await?, index, retry: Retry::default() })
    }

    /// The same index, and requests that wait for so long until Elasticsearch accepts them, unless `stop` ends that.
    pub(crate) fn waiting(&self, limit: Duration, stop: &CancellationToken) -> Self {
        Self { retry: self.retry.with(limit, stop.clone()), ..self.clone() }
    }

    /// The same index, and requests that are sent once.
    pub(crate) fn at_once(&self) -> Self {
        self.waiting(Duration::ZERO, &CancellationToken::new())
    }

    /// The same cluster, and another index or alias.
    pub(crate) fn of_index(&self, index: &str) -> Self {
        Self { index: index.to_owned(), ..self.clone() }
    }

    pub(crate) fn attempts(&self) -> Attempts<'_> {
        self.retry.attempts()
    }

    /// Sends a request, again while Elasticsearch is too busy for it. Returns the body of the successful
    /// response. The answer to an earlier attempt may have been lost, so the request must be one that can be
    /// repeated.
    pub(crate) async fn ask<F>(
        &self,
        operation: &str,
        request: impl Fn() -> F,
    ) -> Result<Vec<u8>, ElasticError>
    where
        F: Future<Output = Result<Response, elasticsearch::Error>>,
    {
        let mut attempts = self.attempts();
        loop {
            match body(request().await, operation).await {
                Ok(body) => {
                    attempts.succeeded();
                    return Ok(body);
                }
                Err(error) => attempts.wait(error).await?,
            }
        }
    }
}

/// The body of a successful response.
async fn body(
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
    Err(match serde_json::from_slice::<ErrorResponse>(&bytes) {
        Ok(ErrorResponse { error }) => error.refused(operation, status.as_u16()),
        Err(_) => ElasticError::Refused {
            operation: operation.to_owned(),
            status: status.as_u16(),
            kind: String::new(),
            reason: String::from_utf8_lossy(&bytes).into_owned(),
        },
    })
}

#[derive(Deserialize)]
struct ErrorResponse {
    error: ErrorCause,
}

/// Parses the JSON of a response.
pub(crate) fn read<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    operation: &str,
) -> Result<T, ElasticError> {
    serde_json::from_slice(bytes)
        .map_err(|source| ElasticError::Unreadable { operation: operation.to_owned(), source })
}

/// An error of a whole request, or of a single item of a bulk request.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ErrorCause {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    reason: Option<String>,
    /// The index that an error is about.
    #[serde(default)]
    index: Option<String>,
    #[serde(default)]
    root_cause: Vec<ErrorCause>,
    caused_by: Option<Box<ErrorCause>>,
}

impl ErrorCause {
    /// Elasticsearch's name for the error, such as `document_parsing_exception`.
    pub(crate) fn kind(&self) -> &str {
        &self.r#type
    }

    /// Whether another error has caused it.
    pub(crate) fn has_cause(&self) -> bool {
        self.caused_by.is_some()
    }

    /// The error of an operation that Elasticsearch refused with this status.
    pub(crate) fn refused(&self, operation: &str, status: u16) -> ElasticError {
        let (operation, root) = (operation.to_owned(), self.root_cause.first().unwrap_or(self));
        match &root.index {
            Some(index) if root.kind() == "index_closed_exception" => {
                ElasticError::Closed { operation, index: index.clone() }
            }
            _ => {
                let (kind, reason) = (root.kind().to_owned(), self.to_string());
                ElasticError::Refused { operation, status, kind, reason }
            }
        }
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
