//! PostgreSQL: the schema `movie`, with the favorites.

use std::time::Duration;

use service::database::{
    DatabaseUrl, Limits, MigrationError, Migrations, PgPool, UnfitDatabase, check_directness,
    check_fitness, connect,
};
use service::exit::Exit;

/// Maximum number of connections.
const CONNECTIONS: u32 = 8;
/// Time to wait for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// Why the database cannot be used or migrated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error("cannot use PostgreSQL at {0} (MOVIE_DATABASE_URL): {1}")]
    Unfit(DatabaseUrl, UnfitDatabase),
    #[error(
        "cannot use PostgreSQL at {0} (MOVIE_DATABASE_DIRECT_URL, without it MOVIE_DATABASE_URL): {1}"
    )]
    Indirect(DatabaseUrl, UnfitDatabase),
    #[error(transparent)]
    Migrations(#[from] MigrationError),
}

impl DatabaseError {
    /// How the program ends with this error.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Unfit(_, UnfitDatabase::Unavailable(_))
            | Self::Indirect(_, UnfitDatabase::Unavailable(_))
            | Self::Migrations(MigrationError::Database(_)) => Exit::Unavailable,
            Self::Unfit(..) | Self::Indirect(..) | Self::Migrations(_) => Exit::Failure,
        }
    }
}

/// The connections for requests. An unavailable database is no reason not to start: films are shown without it.
///
/// # Errors
/// The database, or a pooler in between, can never be used.
pub(crate) async fn open(url: &DatabaseUrl) -> Result<PgPool, DatabaseError> {
    match check_fitness(url.options()).await {
        Ok(()) => {}
        Err(UnfitDatabase::Unavailable(error)) => {
            tracing::warn!(%error, database = %url, "favorites are unavailable until PostgreSQL responds");
        }
        Err(unfit) => return Err(DatabaseError::Unfit(url.clone(), unfit)),
    }
    Ok(PgPool::new(url.options().clone(), CONNECTIONS, ACQUIRE_TIMEOUT, Limits::REQUEST))
}

/// Applies missing migrations, one process at a time. `direct` leads to PostgreSQL itself, `url` perhaps
/// through a pooler. Returns the names of the applied ones.
///
/// # Errors
/// The database is unavailable, of no use, or was migrated by a newer program.
pub(crate) async fn migrate(
    url: &DatabaseUrl,
    direct: &DatabaseUrl,
) -> Result<Vec<String>, DatabaseError> {
    let unfit = |error| DatabaseError::Unfit(url.clone(), error);
    check_fitness(url.options()).await.map_err(unfit)?;
    let indirect = |error| DatabaseError::Indirect(direct.clone(), error);
    check_directness(direct.options()).await.map_err(indirect)?;
    let connection = connect(direct.options()).await.map_err(UnfitDatabase::from);
    let mut connection = connection.map_err(indirect)?;
    let migrations =
        Migrations::in_schema(sqlx::migrate!("./migrations"), "movie", "movie._sqlx_migrations");
    let applied = migrations.apply(&mut connection).await?;
    Ok(applied.iter().map(|one| format!("{:04} {}", one.version, one.description)).collect())
}
