//! PostgreSQL: the schema `movie`, with the favorites.

use std::io;
use std::time::Duration;

use service::database::{DatabaseUrl, Limits, MigrationError, Migrations, PgPool};
use service::exit::Exit;
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;

/// Maximum number of connections.
const CONNECTIONS: u32 = 8;
/// Time to open a connection, or to wait for a free one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Why the database cannot be migrated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MigrateError {
    #[error("cannot connect to PostgreSQL at {0} (MOVIE_DATABASE_URL): {1}")]
    Connect(DatabaseUrl, sqlx::Error),
    #[error(transparent)]
    Migrations(#[from] MigrationError),
}

impl MigrateError {
    /// How the program ends with this error.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Connect(..) | Self::Migrations(MigrationError::Database(_)) => Exit::Unavailable,
            Self::Migrations(_) => Exit::Failure,
        }
    }
}

/// Connects when the first statement is executed.
pub(crate) fn pool(url: &DatabaseUrl) -> PgPool {
    PgPool::new(url.options().clone(), CONNECTIONS, CONNECT_TIMEOUT, Limits::REQUEST)
}

/// Applies missing migrations, one process at a time. Returns the names of the applied ones.
///
/// # Errors
/// The database is unavailable, or was migrated by a newer program.
pub(crate) async fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, MigrateError> {
    let connecting = timeout(CONNECT_TIMEOUT, PgConnection::connect_with(url.options()));
    let connection = connecting.await.unwrap_or_else(|_| Err(timed_out()));
    let mut connection = connection.map_err(|error| MigrateError::Connect(url.clone(), error))?;
    let migrations =
        Migrations::in_schema(sqlx::migrate!("./migrations"), "movie", "movie._sqlx_migrations");
    let applied = migrations.apply(&mut connection).await?;
    Ok(applied.iter().map(|one| format!("{:04} {}", one.version, one.description)).collect())
}

fn timed_out() -> sqlx::Error {
    io::Error::from(io::ErrorKind::TimedOut).into()
}
