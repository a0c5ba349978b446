//! Migrations: checking that a schema matches the program, and applying them.

use sqlx::PgConnection;
use sqlx::migrate::{Migrate, MigrateError, Migration, Migrator};

/// Why the tables cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// Migrations are missing.
    #[error("{missing} of {total} migrations are not applied; run: {program} migrate")]
    Behind {
        /// Number of migrations to apply.
        missing: usize,
        /// Number of migrations of this program.
        total: usize,
        /// Name of this program.
        program: &'static str,
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

impl From<MigrateError> for MigrationError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::Ahead(version),
            MigrateError::VersionMismatch(version) => Self::Changed(version),
            MigrateError::Execute(error) => Self::Database(error),
            other => Self::Database(sqlx::Error::Migrate(Box::new(other))),
        }
    }
}

/// The migrations of one schema.
#[derive(Debug)]
pub struct Migrations {
    migrator: Migrator,
    /// Table of the applied ones, maintained by sqlx.
    table: &'static str,
}

impl Migrations {
    /// Migrations whose table is this one.
    #[must_use]
    pub fn new(migrator: Migrator, table: &'static str) -> Self {
        Self { migrator, table }
    }

    /// Migrations of a schema of their own, which is created first, with their table in it.
    #[must_use]
    pub fn in_schema(mut migrator: Migrator, schema: &'static str, table: &'static str) -> Self {
        migrator.dangerous_set_table_name(table);
        migrator.create_schema(schema);
        Self { migrator, table }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.migrator.iter().count()
    }

    /// How many are not applied.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn missing(&self, connection: &mut PgConnection) -> Result<usize, MigrationError> {
        Ok(self.missing_from(&self.applied(connection).await?).count())
    }

    /// Checks that no other program has migrated the schema.
    ///
    /// # Errors
    /// One has, or the database is unavailable.
    pub async fn check_applied(&self, connection: &mut PgConnection) -> Result<(), MigrationError> {
        for (version, checksum) in self.applied(connection).await? {
            match self.migrator.iter().find(|own| own.version == version) {
                None => return Err(MigrationError::Ahead(version)),
                Some(own) if *own.checksum != checksum => {
                    return Err(MigrationError::Changed(version));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Applies the missing ones and returns them. One process at a time: the lock belongs to the
    /// connection, which therefore must not return to a pool.
    ///
    /// # Errors
    /// The database is unavailable, or was migrated by another program.
    pub async fn apply(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Vec<&Migration>, MigrationError> {
        connection.lock().await?;
        let before = self.applied(connection).await?;
        self.migrator.run(&mut *connection).await?;
        Ok(self.missing_from(&before).collect())
    }

    fn missing_from(&self, applied: &[(i64, Vec<u8>)]) -> impl Iterator<Item = &Migration> {
        self.migrator
            .iter()
            .filter(|own| applied.iter().all(|(version, _)| *version != own.version))
    }

    /// Version and checksum of every applied migration.
    async fn applied(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Vec<(i64, Vec<u8>)>, MigrationError> {
        match connection.list_applied_migrations(self.table).await {
            Ok(applied) => Ok(applied
                .into_iter()
                .map(|migration| (migration.version, migration.checksum.into_owned()))
                .collect()),
            Err(MigrateError::Execute(sqlx::Error::Database(error)))
                // 42P01, undefined_table: no migration was ever applied.
                if error.code().as_deref() == Some("42P01") => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }
}
