//! Why the server does not start.

use std::path::PathBuf;

use policies::label_rules::LabelRuleError;
use service::database::DatabaseUrl;
use service::exit::Exit;
use service::server::ListenError;

use crate::crypto::SecretError;
use crate::db::migrations::MigrationError;
use crate::email::EmailError;
use crate::oidc::OidcError;
use crate::policy::PolicyLoadError;
use crate::token::KeyError;

/// Why the server does not start. Each message says what to do, where that is known.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// `PostgreSQL` doesn't answer, or doesn't let us in.
    #[error("can't use PostgreSQL at {0} (DATABASE_URL): {1}")]
    Database(DatabaseUrl, sqlx::Error),
    /// The tables are not those that this program was built for.
    #[error(transparent)]
    Migrations(MigrationError),
    /// There is no secret to derive keys from.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The signing keys can't be opened.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The label rules can't be read.
    #[error("AUTH_LABELS: {}: {}", .0.display(), .1)]
    LabelsFile(PathBuf, std::io::Error),
    /// The label rules are broken.
    #[error("AUTH_LABELS: {0}")]
    Labels(#[from] LabelRuleError),
    /// The providers that people sign in by can't be used as they are configured.
    #[error("oidc.provider: {0}")]
    Oidc(#[from] OidcError),
    /// The rules in the database are broken.
    #[error("the policy in the database cannot be loaded: {0}")]
    Policy(#[from] PolicyLoadError),
    /// Redis can't be used, whether it is there or not.
    #[error("REDIS_URL: {0}")]
    Redis(redis::RedisError),
    /// E-mail cannot be sent as it is configured.
    #[error(transparent)]
    Email(#[from] EmailError),
    /// An address is in use or not local.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The connections for refreshes cannot be set up.
    #[error("cannot set up the connections for refreshes: {0}")]
    RefreshPool(deadpool::managed::BuildError),
    /// The threads for passwords don't start.
    #[error("password hashing doesn't start: {0}")]
    Passwords(std::io::Error),
}

impl StartError {
    /// How a program ends with this error.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Database(..) | Self::Migrations(MigrationError::Database(_)) => Exit::Unavailable,
            Self::LabelsFile(..) | Self::Labels(_) | Self::Oidc(_) => Exit::Usage,
            _ => Exit::Failure,
        }
    }
}
