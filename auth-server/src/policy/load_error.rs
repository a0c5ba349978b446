//! Why the policy cannot be read from the database.

use policies::{NameError, PolicyError};

use crate::http::problem::{INTERNAL, Problem};

/// Why the policy cannot be read from the database.
#[derive(Debug, thiserror::Error)]
pub enum PolicyLoadError {
    /// The database refused a statement or is unavailable.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The stored roles and rules do not form a valid policy.
    #[error("the stored policy is invalid: {0}")]
    Invalid(#[from] PolicyError),
    /// A stored role has an invalid name.
    #[error("a stored role is invalid: {0}")]
    Role(NameError),
    /// A stored rule has an invalid field.
    #[error("stored rule {id} is invalid: {reason}")]
    Rule {
        /// Id of the rule.
        id: i32,
        /// What is wrong with it.
        reason: String,
    },
    /// The thread that builds the policy panicked.
    #[error("building the policy failed: {0}")]
    Panicked(#[from] tokio::task::JoinError),
}

/// An invalid stored policy is a fault of this server, not an unavailable database.
impl From<PolicyLoadError> for Problem {
    fn from(error: PolicyLoadError) -> Self {
        match error {
            PolicyLoadError::Database(error) => error.into(),
            PolicyLoadError::Panicked(error) => error.into(),
            error @ (PolicyLoadError::Invalid(_)
            | PolicyLoadError::Role(_)
            | PolicyLoadError::Rule { .. }) => {
                tracing::error!(%error, "the policy cannot be loaded");
                Self::new(INTERNAL)
            }
        }
    }
}
