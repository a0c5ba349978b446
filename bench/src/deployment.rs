//! auth-server on a database of its own.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};
use auth_server::config::Config;
use sqlx::PgPool;
use uuid::Uuid;

use crate::database::Database;
use crate::process::Server;

/// A migrated database, with the secret that all its servers share.
pub(crate) struct Deployment {
    program: PathBuf,
    secret: String,
    url: String,
    pub(crate) pool: PgPool,
}

impl Deployment {
    /// With the auth-server that was built together with this program.
    pub(crate) async fn prepare(database: &Database) -> anyhow::Result<Self> {
        Self::of(std::env::current_exe()?.with_file_name("auth-server"), database).await
    }

    /// With any build of auth-server.
    pub(crate) async fn of(program: PathBuf, database: &Database) -> anyhow::Result<Self> {
        // Two random UUIDs: 32 bytes in hex, for this run only.
        let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let pool = PgPool::connect(&database.url).await?;
        let deployment = Self { program, secret, url: database.url.clone(), pool };
        deployment.run(&["migrate"])?;
        Ok(deployment)
    }

    /// Runs a command of auth-server and returns what it prints.
    pub(crate) fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(&self.program);
        self.configure(&mut command);
        let output = command
            .args(arguments)
            .output()
            .with_context(|| format!("{} (build it first)", self.program.display()))?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Starts a server pinned to these cores.
    pub(crate) async fn serve(&self, cores: &str) -> anyhow::Result<Server> {
        self.serve_with(cores, &[]).await
    }

    /// Starts a server pinned to these cores, with further settings.
    pub(crate) async fn serve_with(
        &self,
        cores: &str,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Server> {
        Server::start(&self.program, cores, |command, address| {
            self.configure(command);
            command.envs(settings.iter().copied());
            command.arg("serve").env("AUTH_LISTEN", address).env("AUTH_OPS_LISTEN", "");
        })
        .await
    }

    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        let settings = self.settings().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(auth_server::config::load(None, settings)?)
    }

    fn configure(&self, command: &mut Command) {
        command.envs(self.settings()).env("AUTH_LOG", "warn").env_remove("AUTH_SECRET_FILE");
    }

    fn settings(&self) -> [(&str, &str); 3] {
        // Access tokens must not expire during a long measurement.
        let lifetime = ("AUTH_TOKEN_SECONDS", "3600");
        [("DATABASE_URL", &self.url), ("AUTH_SECRET", &self.secret), lifetime]
    }
}

/// Runs `measure` on a new database, which is dropped afterwards.
pub(crate) async fn with_database<M>(measure: M) -> anyhow::Result<()>
where
    M: AsyncFnOnce(&Database) -> anyhow::Result<()>,
{
    let measure = async |databases: &[Database]| {
        measure(databases.first().context("no database was created")?).await
    };
    with_databases(1, measure).await
}

/// Runs `measure` on new databases, which are dropped afterwards.
pub(crate) async fn with_databases<M>(count: usize, measure: M) -> anyhow::Result<()>
where
    M: AsyncFnOnce(&[Database]) -> anyhow::Result<()>,
{
    let url =
        std::env::var("DATABASE_URL").context("DATABASE_URL is not set; run ./dev bench NAME")?;
    let mut databases = Vec::new();
    for _ in 0..count {
        databases.push(Database::create(&url).await?);
    }
    let result = measure(&databases).await;
    for database in databases {
        database.destroy().await?;
    }
    result
}
