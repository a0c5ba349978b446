//! A database with tables, and auth-server on it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};
use auth_server::config::Config;
use sqlx::PgPool;
use uuid::Uuid;

use crate::data::Database;
use crate::process::Server;

/// A migrated database, for servers of one secret.
pub(crate) struct Auth {
    program: PathBuf,
    secret: String,
    url: String,
    pub(crate) pool: PgPool,
}

impl Auth {
    pub(crate) async fn prepare(database: &Database) -> anyhow::Result<Self> {
        // Two random UUIDs: 32 bytes of hex, for this run only.
        let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let program = std::env::current_exe()?.with_file_name("auth-server");
        let pool = PgPool::connect(&database.url).await?;
        let auth = Self { program, secret, url: database.url.clone(), pool };
        let migrated = auth
            .command(Command::new(&auth.program))
            .arg("migrate")
            .output()
            .with_context(|| format!("{} (build it first)", auth.program.display()))?;
        ensure!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        Ok(auth)
    }

    /// A server on these cores.
    pub(crate) async fn serve(&self, cores: &str) -> anyhow::Result<Server> {
        Server::start(&self.program, cores, |command, address| {
            let taken = std::mem::replace(command, Command::new("true"));
            *command = self.command(taken);
            command.arg("serve").env("AUTH_LISTEN", address).env("OPS_LISTEN", "");
        })
        .await
    }

    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        let settings = [("DATABASE_URL", &self.url), ("AUTH_SECRET", &self.secret)];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.clone()));
        Ok(auth_server::config::load(None, settings)?)
    }

    fn command(&self, mut command: Command) -> Command {
        command.env("DATABASE_URL", &self.url).env("AUTH_SECRET", &self.secret);
        command.env("AUTH_LOG", "warn").env_remove("AUTH_SECRET_FILE");
        command
    }
}

/// Runs `measure` on a database of its own, which is dropped afterwards.
pub(crate) async fn with_database<M>(measure: M) -> anyhow::Result<()>
where
    M: AsyncFnOnce(&Database) -> anyhow::Result<()>,
{
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL is not set: ./dev bench NAME")?;
    let database = Database::create(&url).await?;
    let result = measure(&database).await;
    database.drop_it().await?;
    result
}
