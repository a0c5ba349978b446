//! The tables: whether the database has those that this program was built for, and making it so.

use apalis_postgres::PostgresStorage;
use chrono::{DateTime, Utc};
use sqlx::migrate::{Migrate, MigrateError, Migration, Migrator};
use sqlx::{PgConnection, PgPool};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// Where sqlx keeps what was applied.
const TABLE: &str = "_sqlx_migrations";

/// The same of the job queue's library, which brings migrations of its own.
const JOB_QUEUE_TABLE: &str = "apalis._sqlx_migrations";

/// Why the tables can't be used as they are.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// Nothing, or not everything, has been applied.
    #[error("the database lacks {0} of {1} migrations; run: auth-server migrate")]
    Behind(usize, usize),
    /// A newer program was here.
    #[error("the database is newer than this program (migration {0}); start the newer program")]
    Ahead(i64),
    /// What was applied is not what this program would apply.
    #[error(
        "migration {0} was applied with another content; this program and the database don't \
         belong together: start the program that made it, or give this one an empty database"
    )]
    Changed(i64),
    /// The database refused or is away.
    #[error("{0}")]
    Database(#[from] sqlx::Error),
}

/// Checks that exactly the migrations of this program, and all of the job queue, were applied.
///
/// # Errors
/// They were not, or the database is unavailable.
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
    match missing {
        0 => Ok(()),
        _ => Err(MigrationError::Behind(
            missing,
            MIGRATIONS.iter().count() + job_queue.iter().count(),
        )),
    }
}

/// Applies what is missing, one process at a time. Returns the names of what was applied.
///
/// # Errors
/// The database is unavailable, or was created by another program.
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

/// True where nothing can be written: on a standby, or by order of an operator.
///
/// # Errors
/// The database refused or is away.
pub async fn is_read_only(pool: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"SELECT current_setting('transaction_read_only') = 'on' AS "is!""#)
        .fetch_one(pool)
        .await
}

/// The database's clock.
///
/// # Errors
/// The database refused or is away.
pub async fn now(pool: &PgPool) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "now!""#).fetch_one(pool).await
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
            // 42P01: there is no such table, so nothing was ever applied.
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
