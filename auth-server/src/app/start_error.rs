//! Why the server does not start.

use std::path::PathBuf;

use policies::label_rules::LabelRuleError;
use service::database::{ClockSkew, DatabaseUrl, UnfitDatabase};
use service::elasticsearch::ClientError;
use service::exit::Exit;
use service::server::ListenError;

use crate::crypto::SecretError;
use crate::db::migrations::MigrationError;
use crate::email::EmailError;
use crate::oidc::OidcError;
use crate::policy::PolicyLoadError;
use crate::secret_replacement::compromised::CompromisedError;
use crate::token::KeyError;

/// Why the server does not start. Each message says what to do, if that is known.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// PostgreSQL is unavailable or refuses the connection.
    #[error("cannot connect to PostgreSQL at {0} (DATABASE_URL): {1}")]
    Database(DatabaseUrl, sqlx::Error),
    /// The database, or a pooler in between, cannot be used.
    #[error("cannot use PostgreSQL at {0} (DATABASE_URL): {1}")]
    Unfit(DatabaseUrl, UnfitDatabase),
    /// PostgreSQL itself cannot be reached.
    #[error(
        "cannot use PostgreSQL at {0} (AUTH_DATABASE_DIRECT_URL, without it DATABASE_URL): {1}"
    )]
    Indirect(DatabaseUrl, UnfitDatabase),
    /// This machine's clock, or PostgreSQL's, is wrong.
    #[error("AUTH_CLOCK_TOLERANCE: {0}")]
    Clock(#[from] ClockSkew),
    /// The migrations do not match this program.
    #[error(transparent)]
    Migrations(MigrationError),
    /// The server's secret cannot be loaded.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The server's secret must not be used any more.
    #[error(transparent)]
    CompromisedSecret(#[from] CompromisedError),
    /// The signing keys cannot be loaded.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The file of label rules cannot be read.
    #[error("AUTH_LABELS: {}: {}", .0.display(), .1)]
    LabelsFile(PathBuf, std::io::Error),
    /// The label rules are invalid.
    #[error("AUTH_LABELS: {0}")]
    Labels(#[from] LabelRuleError),
    /// The configuration of the identity providers is invalid.
    #[error("oidc.provider: {0}")]
    Oidc(#[from] OidcError),
    /// The stored policy cannot be loaded.
    #[error("the policy in the database cannot be loaded: {0}")]
    Policy(#[from] PolicyLoadError),
    /// The certificates for Redis cannot be read.
    #[error("REDIS_CA_FILE: {}: {}", .0.display(), .1)]
    RedisCertificates(PathBuf, std::io::Error),
    /// The Redis URL or its certificates are invalid.
    #[error("REDIS_URL: {0}")]
    Redis(redis::RedisError),
    /// The client of Elasticsearch cannot be created.
    #[error(transparent)]
    Elasticsearch(#[from] ClientError),
    /// The configuration of e-mail is invalid.
    #[error(transparent)]
    Email(#[from] EmailError),
    /// An address is in use or not local.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The threads for password hashing do not start.
    #[error("cannot start password hashing: {0}")]
    Passwords(std::io::Error),
}

impl StartError {
    /// How a program ends with this error.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Database(..)
            | Self::Indirect(_, UnfitDatabase::Unavailable(_))
            | Self::Migrations(MigrationError::Database(_)) => Exit::Unavailable,
            Self::LabelsFile(..) | Self::Labels(_) | Self::Oidc(_) => Exit::Usage,
            _ => Exit::Failure,
        }
    }
}
