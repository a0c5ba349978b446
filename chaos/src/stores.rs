//! PostgreSQL, Redis and Elasticsearch of this run, started and disturbed through `./dev chaos store`.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::Value;
use tokio::process::Command;

use crate::process::input_of;

/// A store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    Postgres,
    Redis,
    Elasticsearch,
}

impl Store {
    const ALL: [Self; 3] = [Self::Postgres, Self::Redis, Self::Elasticsearch];

    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Elasticsearch => "elasticsearch",
        }
    }
}

/// The stores, all on loopback.
pub(crate) struct Stores {
    dev: PathBuf,
    /// `host:port` of PostgreSQL.
    pub(crate) postgres: String,
    /// URL of Redis.
    pub(crate) redis: String,
    /// URL of Elasticsearch.
    pub(crate) elasticsearch: String,
    http: reqwest::Client,
}

impl Stores {
    /// Starts all of them. `dev` is the script of that name.
    pub(crate) async fn start_all(dev: PathBuf) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut stores = Self {
            dev,
            postgres: String::new(),
            redis: String::new(),
            elasticsearch: String::new(),
            http,
        };
        for store in Store::ALL {
            stores.start(store).await?;
        }
        let urls = stores.call(&["urls"], "").await?;
        let mut urls = urls.lines().map(ToOwned::to_owned);
        let mut next = || urls.next().context("./dev chaos store urls");
        (stores.postgres, stores.redis, stores.elasticsearch) = (next()?, next()?, next()?);
        stores.make_durable().await?;
        Ok(stores)
    }

    /// A PostgreSQL for tests may lose commits in a crash.
    async fn make_durable(&self) -> anyhow::Result<()> {
        let settings = ["fsync", "synchronous_commit", "full_page_writes"];
        let on = settings.map(|name| format!("ALTER SYSTEM SET {name} = on;")).concat();
        self.sql(&format!("{on} SELECT pg_reload_conf();")).await?;
        self.stop(Store::Postgres).await?;
        self.start(Store::Postgres).await?;
        for name in settings {
            let value = self.sql(&format!("SHOW {name}")).await?;
            ensure!(value.trim() == "on", "PostgreSQL has {name} = {value}");
        }
        Ok(())
    }

    /// Starts a store, and waits until it answers.
    pub(crate) async fn start(&self, store: Store) -> anyhow::Result<()> {
        self.call(&["start", store.name()], "").await.map(drop)
    }

    /// Stops a store as an operator would, and waits until it has ended.
    pub(crate) async fn stop(&self, store: Store) -> anyhow::Result<()> {
        self.call(&["stop", store.name()], "").await.map(drop)
    }

    /// Sends a signal to every process of a store: `KILL`, `STOP`, `CONT`.
    pub(crate) async fn signal(&self, store: Store, name: &str) -> anyhow::Result<()> {
        self.call(&["signal", store.name(), name], "").await.map(drop)
    }

    /// Runs SQL as the superuser of PostgreSQL.
    pub(crate) async fn sql(&self, text: &str) -> anyhow::Result<String> {
        self.call(&["sql"], text).await
    }

    /// Sends a command to Redis.
    pub(crate) async fn redis(&self, command: &[&str]) -> anyhow::Result<()> {
        self.call(&[["redis"].as_slice(), command].concat(), "").await.map(drop)
    }

    /// PostgreSQL is a standby from its next start on, as after a failover to another machine.
    pub(crate) async fn make_standby(&self) -> anyhow::Result<()> {
        self.call(&["standby"], "").await.map(drop)
    }

    /// Sends a request to Elasticsearch.
    pub(crate) async fn search(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let request = self.http.request(method, format!("{}/{path}", self.elasticsearch));
        let request = if body.is_null() { request } else { request.json(body) };
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    async fn call(&self, arguments: &[&str], input: &str) -> anyhow::Result<String> {
        let mut command = Command::new(&self.dev);
        command.args(["chaos", "store"]).args(arguments).stdin(input_of(input)?);
        let output = command.stderr(Stdio::piped()).output().await.context("./dev")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "./dev chaos store {arguments:?}: {errors}");
        Ok(String::from_utf8(output.stdout)?)
    }
}
