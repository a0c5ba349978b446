//! The connection to Elasticsearch, and its answers as bytes or as errors that say what was
//! attempted.

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
    indices::IndicesRefreshParts,
};
use serde::Deserialize;
use thiserror::Error;

/// Longer than any single page or bulk request takes on a busy cluster.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(2);

/// A client and the index (or alias) that holds the films.
#[derive(Debug, Clone)]
pub struct Elastic {
    pub(crate) client: Elasticsearch,
    /// Name of the index or alias.
    pub index: String,
}

/// An Elasticsearch request that did not succeed.
#[derive(Debug, Error)]
pub enum ElasticError {
    /// The client could not be set up.
    #[error("can't set up the Elasticsearch client: {0}")]
    Client(#[from] BuildError),
    /// No answer, or one that broke off.
    #[error("no answer from Elasticsearch while trying to {attempt}: {source}")]
    Unreachable {
        /// What was attempted.
        attempt: String,
        /// The client's error.
        source: elasticsearch::Error,
    },
    /// An answer with an error status.
    #[error("Elasticsearch refused to {attempt} ({status}): {reason}")]
    Refused {
        /// What was attempted.
        attempt: String,
        /// HTTP status.
        status: u16,
        /// Elasticsearch's own words.
        reason: String,
    },
    /// An answer of another form than documented.
    #[error("can't read Elasticsearch's answer when trying to {attempt}: {source}")]
    Unreadable {
        /// What was attempted.
        attempt: String,
        /// Where the JSON differs.
        source: serde_json::Error,
    },
    /// The index does not exist.
    #[error("there is no index `{0}`: `etl-labeler import FILE` creates it")]
    NoIndex(String),
}

impl Elastic {
    /// A client for one URL. A user and password in it are sent as basic authentication and stand
    /// in no message.
    ///
    /// # Errors
    /// [`ElasticError::Client`] when the TLS setup of this machine is unusable.
    pub fn new(url: &Url, index: &str) -> Result<Self, ElasticError> {
        let mut bare = url.clone();
        // These fail only for URLs without a host, which have no credentials either.
        let _ = bare.set_username("").and_then(|()| bare.set_password(None));
        // Compressing costs Elasticsearch more time than a local network takes for the plain bytes.
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

    /// Makes everything written so far visible to searches.
    ///
    /// # Errors
    /// [`ElasticError`] when Elasticsearch does not do it.
    pub async fn refresh(&self) -> Result<(), ElasticError> {
        let index = [self.index.as_str()];
        let sent = self.client.indices().refresh(IndicesRefreshParts::Index(&index)).send().await;
        body(sent, "refresh the index").await.map(drop)
    }
}

fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part)
        .decode_utf8()
        .map_or_else(|_| part.to_owned(), Cow::into_owned)
}

/// The body of a successful answer.
pub(crate) async fn body(
    sent: Result<Response, elasticsearch::Error>,
    attempt: &str,
) -> Result<Vec<u8>, ElasticError> {
    let unreachable = |source| ElasticError::Unreachable { attempt: attempt.to_owned(), source };
    let response = sent.map_err(unreachable)?;
    let status = response.status_code();
    let bytes = response.bytes().await.map_err(unreachable)?;
    if status.is_success() {
        return Ok(bytes.into());
    }
    let reason = reason(&bytes);
    Err(ElasticError::Refused { attempt: attempt.to_owned(), status: status.as_u16(), reason })
}

/// Reads an answer's JSON.
pub(crate) fn read<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    attempt: &str,
) -> Result<T, ElasticError> {
    serde_json::from_slice(bytes)
        .map_err(|source| ElasticError::Unreadable { attempt: attempt.to_owned(), source })
}

/// The most telling sentence of an error answer: its root cause, else the body itself.
fn reason(bytes: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Answer {
        error: Fault,
    }
    serde_json::from_slice::<Answer>(bytes).map_or_else(
        |_| String::from_utf8_lossy(bytes).into_owned(),
        |answer| answer.error.to_string(),
    )
}

/// An error as Elasticsearch describes it, in whole answers and in single items of a bulk request.
#[derive(Debug, Deserialize)]
pub(crate) struct Fault {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    root_cause: Vec<Fault>,
    caused_by: Option<Box<Fault>>,
}

impl std::fmt::Display for Fault {
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
