//! Why films cannot be read, and what clients learn of it.

use std::time::Duration;

use service::elasticsearch::ClientError;

use crate::http::problem::{Problem, Spec};

const UNAVAILABLE: Spec =
    Spec::new(503, "films_unavailable", "The index of films is unavailable; try again later.");
const UNUSABLE: Spec =
    Spec::new(503, "catalogue_unusable", "Access rules cannot be applied to the index of films.");

/// Errors of an operation that reads films.
pub(crate) const FILMS: &[Spec] = &[UNAVAILABLE, UNUSABLE];

/// Why films cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilmsError {
    /// Elasticsearch does not respond.
    #[error("Elasticsearch is unavailable: {0}")]
    Unavailable(#[from] elasticsearch::Error),
    /// The client of Elasticsearch cannot be created.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Elasticsearch takes too long.
    #[error("Elasticsearch did not respond within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// Elasticsearch refused the request, for example because the index does not exist.
    #[error("Elasticsearch refused: {0}")]
    Refused(String),
    /// A search and a check could differ.
    #[error("rules cannot be applied to the index of films: {0}")]
    Unusable(String),
}

impl From<FilmsError> for Problem {
    fn from(error: FilmsError) -> Self {
        tracing::error!(%error, "no film was read");
        match error {
            FilmsError::Unusable(reason) => Self::new(UNUSABLE).detail(reason).retry_after(5),
            FilmsError::Unavailable(_)
            | FilmsError::Client(_)
            | FilmsError::TimedOut(_)
            | FilmsError::Refused(_) => Self::new(UNAVAILABLE).retry_after(1),
        }
    }
}
