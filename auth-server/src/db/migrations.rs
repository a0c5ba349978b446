//! Migrations: checking that the database matches this program, and applying them.

use apalis_postgres::PostgresStorage;
use sqlx::migrate::{Migrate, MigrateError, Migration, Migrator};
use sqlx::{PgConnection, PgPool};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// Table of applied migrations, maintained by sqlx.
const TABLE: &str = "_sqlx_migrations";

/// Table of the applied migrations of the job queue, maintained by its library.
const JOB_QUEUE_TABLE: &str = "apalis._sqlx_migrations";

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// Migrations are missing.
    #[error("{missing} of {total} migrations are not applied; run: auth-server migrate")]
    Behind {
        /// Number of migrations to apply.
        missing: usize,
        /// Number of migrations of this program.
        total: usize,
    },
    /// A newer program has migrated the database.
    #[error("the database is newer than this program (migration {0}); run the newer program")]
    Ahead(i64),
    /// An applied migration differs from the one of this program.
    #[error(
        "migration {0} was applied with different content; run the program that created this \
         database, or use an empty database"
    )]
    Changed(i64),
    /// The database refused a statement or is unavailable.
    #[error("{0}")]
    Database(#[from] sqlx::Error),
}

/// Checks that exactly the migrations of this program, and all of the job queue, are applied.
///
/// # Errors
/// They are not, or the database is unavailable.
pub async fn check(pool: &PgPool) -> Result<(), MigrationError> {
    let mut connection = pool.acquire().await?;
    let own = applied(&mut connection, TABLE).await?;
    for (version, checksum) in &own {
        match MIGRATIONS.iter().find(|own| own.version == *version) {
            None => return Err(MigrationError::Ahead(*version)),
            Some(own) if own.checksum != *checksum => {
                return Err(MigrationError::Changed(*version));
            }
            Some(_) => {}
        }
    }
    let job_queue = PostgresStorage::migrations();
    let missing = missing(&MIGRATIONS, &own).count()
        + missing(&job_queue, &applied(&mut connection, JOB_QUEUE_TABLE).await?).count();
    if missing == 0 {
        return Ok(());
    }
    let total = MIGRATIONS.iter().count() + job_queue.iter().count();
    Err(MigrationError::Behind { missing, total })
}

/// Applies missing migrations, one process at a time. Returns the names of the applied ones.
///
/// # Errors
/// The database is unavailable, or was migrated by another program.
pub async fn migrate(pool: &PgPool) -> Result<Vec<String>, MigrationError> {
    // The lock belongs to the connection, which therefore must not return to the pool.
    let mut connection = pool.acquire().await?.detach();
    connection.lock().await.map_err(reason)?;
    let before = applied(&mut connection, TABLE).await?;
    MIGRATIONS.run(&mut connection).await.map_err(reason)?;
    let new = missing(&MIGRATIONS, &before);
    let mut names: Vec<_> =
        new.map(|own| format!("{:04} {}", own.version, own.description)).collect();
    let job_queue = PostgresStorage::migrations();
    let before = applied(&mut connection, JOB_QUEUE_TABLE).await?;
    job_queue.run(&mut connection).await.map_err(reason)?;
    let new = missing(&job_queue, &before);
    names.extend(new.map(|theirs| format!("apalis {} {}", theirs.version, theirs.description)));
    Ok(names)
}

/// The migrations that are not among the applied ones.
fn missing<'a>(
    migrator: &'a Migrator,
    applied: &[(i64, Vec<u8>)],
) -> impl Iterator<Item = &'a Migration> {
    migrator.iter().filter(|one| applied.iter().all(|(version, _)| *version != one.version))
}

/// Version and checksum of every applied migration.
async fn applied(
    connection: &mut PgConnection,
    table: &str,
) -> Result<Vec<(i64, Vec<u8>)>, MigrationError> {
    match connection.list_applied_migrations(table).await {
        Ok(applied) => Ok(applied
            .into_iter()
            .map(|migration| (migration.version, migration.checksum.into_owned()))
            .collect()),
        Err(MigrateError::Execute(sqlx::Error::Database(error)))
            // 42P01, undefined_table: no migration was ever applied.
            if error.code().as_deref() == Some("42P01") => Ok(Vec::new()),
        Err(error) => Err(reason(error)),
    }
}

fn reason(error: MigrateError) -> MigrationError {
    match error {
        MigrateError::VersionMissing(version) => MigrationError::Ahead(version),
        MigrateError::VersionMismatch(version) => MigrationError::Changed(version),
        MigrateError::Execute(error) => MigrationError::Database(error),
        other => MigrationError::Database(sqlx::Error::Migrate(Box::new(other))),
    }
}
