//! Whether a database, and what is between it and this program, can be used at all.

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

use super::failure::sqlstate;
use super::{Limits, connect};

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnfitDatabase {
    /// It is unavailable, or refuses the connection.
    #[error("{0}")]
    Unavailable(#[from] sqlx::Error),
    /// Texts would be lost or refused.
    #[error("its encoding is {0}; create a database with ENCODING 'UTF8'")]
    Encoding(String),
    /// A pooler mixes up the prepared statements of its clients.
    #[error(
        "a connection pooler in between does not keep prepared statements ({0}); use PgBouncer 1.21 or newer \
         with max_prepared_statements above 0, or pool_mode = session"
    )]
    PreparedStatements(sqlx::Error),
    /// A pooler takes the place of PostgreSQL where a session is needed.
    #[error("a connection pooler is in between; this has to be the URL of PostgreSQL itself")]
    Pooler,
}

/// Checks the database that these options lead to, perhaps through a pooler.
///
/// # Errors
/// It cannot be used, or is unavailable.
pub async fn check_fitness(options: &PgConnectOptions) -> Result<(), UnfitDatabase> {
    // Both prepare a statement under the same name. A pooler that does not know of it lends both the
    // connection that was returned last.
    for connection in [&mut connect(options).await?, &mut connect(options).await?] {
        let encoding = encoding(connection).await.map_err(from_prepared)?;
        if encoding != "UTF8" {
            return Err(UnfitDatabase::Encoding(encoding));
        }
    }
    Ok(())
}

/// Checks that these options lead to PostgreSQL itself: sessions have locks, notifications and limits of
/// their own.
///
/// # Errors
/// They do not, or PostgreSQL is unavailable.
pub async fn check_directness(options: &PgConnectOptions) -> Result<(), UnfitDatabase> {
    let limits = Limits::REQUEST;
    let mut connection = connect(&limits.direct(options)).await.map_err(from_startup)?;
    // A pooler can be told to ignore what it does not know.
    if limits.are_set(&mut connection).await.map_err(from_prepared)? {
        Ok(connection.close().await?)
    } else {
        Err(UnfitDatabase::Pooler)
    }
}

async fn encoding(connection: &mut PgConnection) -> sqlx::Result<String> {
    sqlx::query_scalar("SELECT current_setting('server_encoding')").fetch_one(connection).await
}

/// 26000: there is no such prepared statement; 42P05: there is one of this name.
fn from_prepared(error: sqlx::Error) -> UnfitDatabase {
    match sqlstate(&error).as_deref() {
        Some("26000" | "42P05") => UnfitDatabase::PreparedStatements(error),
        _ => error.into(),
    }
}

/// 08P01: `PgBouncer` does not know a startup option.
fn from_startup(error: sqlx::Error) -> UnfitDatabase {
    match sqlstate(&error).as_deref() {
        Some("08P01") => UnfitDatabase::Pooler,
        _ => error.into(),
    }
}
