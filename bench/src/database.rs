//! A database of its own for each run.

use std::time::Duration;

use anyhow::Context;
use sqlx::PgPool;
use uuid::Uuid;

/// A new database; [`Database::destroy`] drops it.
pub(crate) struct Database {
    admin: PgPool,
    name: String,
    pub(crate) url: String,
}

impl Database {
    pub(crate) async fn create(admin_url: &str) -> anyhow::Result<Self> {
        let admin = PgPool::connect(admin_url).await.context("DATABASE_URL")?;
        let name = format!("bench_{}", Uuid::new_v4().simple());
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&admin)
            .await?;
        let (base, _) = admin_url.rsplit_once('/').context("DATABASE_URL names no database")?;
        let url = format!("{base}/{name}");
        Ok(Self { admin, name, url })
    }

    /// Runs `measure` with every setting for durability on, for the whole server. A server for tests
    /// may be configured to be faster, and to lose commits in a crash.
    pub(crate) async fn durably<M, T>(&self, measure: M) -> anyhow::Result<T>
    where
        M: AsyncFnOnce() -> anyhow::Result<T>,
    {
        let disabled = self.disabled_durability().await?;
        self.alter(&disabled, "SET", "= on").await?;
        let result = measure().await;
        self.alter(&disabled, "RESET", "").await?;
        result
    }

    /// The settings for durability that are off: a crash may lose commits.
    pub(crate) async fn disabled_durability(&self) -> anyhow::Result<Vec<String>> {
        let sql = "SELECT name FROM pg_settings
                   WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes') AND setting = 'off'";
        Ok(sqlx::query_scalar(sql).fetch_all(&self.admin).await?)
    }

    async fn alter(&self, names: &[String], verb: &str, value: &str) -> anyhow::Result<()> {
        for name in names {
            let sql = format!("ALTER SYSTEM {verb} {name} {value}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&self.admin).await?;
        }
        sqlx::raw_sql("SELECT pg_reload_conf()").execute(&self.admin).await?;
        // Its processes are notified by a signal, and reload at their next wait.
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok(())
    }

    pub(crate) async fn destroy(self) -> anyhow::Result<()> {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&self.admin).await?;
        Ok(())
    }
}
