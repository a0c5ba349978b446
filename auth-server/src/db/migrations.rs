//! Migrations: those of this program, and those of its job queue.

use apalis_postgres::PostgresStorage;
use service::database::Migrations;
use sqlx::{PgConnection, PgPool};

pub use service::database::MigrationError;

fn own() -> Migrations {
    Migrations::new(sqlx::migrate!("../migrations"), "_sqlx_migrations")
}

/// The job queue's library maintains its schema.
fn job_queue() -> Migrations {
    Migrations::new(PostgresStorage::migrations(), "apalis._sqlx_migrations")
}

/// Checks that exactly the migrations of this program, and all of the job queue, are applied.
///
/// # Errors
/// They are not, or the database is unavailable.
pub async fn check(pool: &PgPool) -> Result<(), MigrationError> {
    let mut connection = pool.acquire().await?;
    let (own, job_queue) = (own(), job_queue());
    own.check_applied(&mut connection).await?;
    let missing = own.missing(&mut connection).await? + job_queue.missing(&mut connection).await?;
    if missing == 0 {
        return Ok(());
    }
    let total = own.count() + job_queue.count();
    Err(MigrationError::Behind { missing, total, program: "auth-server" })
}

/// Applies missing migrations, one process at a time: the lock belongs to the session. Returns the names of the applied ones.
///
/// # Errors
/// The database is unavailable, or was migrated by another program.
pub async fn migrate(mut connection: PgConnection) -> Result<Vec<String>, MigrationError> {
    let (own, job_queue) = (own(), job_queue());
    let mut names: Vec<_> = (own.apply(&mut connection).await?.iter())
        .map(|own| format!("{:04} {}", own.version, own.description))
        .collect();
    let applied = job_queue.apply(&mut connection).await?;
    names.extend(applied.iter().map(|it| format!("apalis {} {}", it.version, it.description)));
    Ok(names)
}
