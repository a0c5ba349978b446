//! A database for each test, copied from a template that is migrated once.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{process, thread};

use auth_server::clock::Clock;
use auth_server::db::migrations;
use auth_server::{login_history, policy};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};
use tokio::sync::OnceCell;

use crate::setting;

static NUMBER: AtomicU32 = AtomicU32::new(0);
static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// Held while the template is made; any number that nobody else locks.
const LOCK: i64 = 0x0061_7574_6874_6573;

/// A fresh database, gone when this value is.
pub struct Database {
    name: String,
    /// Where it is, password included.
    pub url: String,
    /// The secret of the servers on it. Each its own: failed logins are counted under it, and all
    /// tests come from one address.
    pub secret: [u8; 32],
}

impl Database {
    /// With all tables and the shipped rules.
    pub async fn migrated() -> Self {
        let template = TEMPLATE.get_or_init(template).await;
        Self::create(&format!("TEMPLATE {template}")).await
    }

    /// With nothing in it.
    pub async fn empty() -> Self {
        TEMPLATE.get_or_init(template).await;
        Self::create("").await
    }

    async fn create(options: &str) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("auth_test_{}_{number}", process::id());
        administrate(&format!("CREATE DATABASE {name} {options}")).await;
        Self { url: url_of(&name), name, secret: rand::random() }
    }

    /// The secret as a setting has it.
    #[must_use]
    pub fn secret_text(&self) -> String {
        BASE64_STANDARD.encode(self.secret)
    }

    /// A connection of the test's own.
    ///
    /// # Panics
    /// `PostgreSQL` is away.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    /// A pool of the test's own.
    ///
    /// # Panics
    /// `PostgreSQL` is away.
    pub async fn pool(&self) -> PgPool {
        PgPoolOptions::new().max_connections(2).connect(&self.url).await.unwrap()
    }

    /// Does something that no operation offers.
    ///
    /// # Panics
    /// `PostgreSQL` refuses it.
    pub async fn execute(&self, statement: &str) {
        let mut connection = self.connect().await;
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }

    /// The number that a query answers.
    ///
    /// # Panics
    /// `PostgreSQL` refuses it.
    pub async fn count(&self, query: &str) -> i64 {
        let query = sqlx::query_scalar(AssertSqlSafe(query));
        query.fetch_one(&mut self.connect().await).await.unwrap()
    }

    /// Ends every connection and takes no other.
    pub async fn close(&self) {
        let name = &self.name;
        administrate(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
        let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname";
        administrate(&format!("{ended} = '{name}'")).await;
    }

    /// Takes connections again.
    pub async fn open(&self) {
        administrate(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name)).await;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let runtime =
            || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let dropped = thread::spawn(move || runtime().block_on(administrate(&statement)));
        assert!(dropped.join().is_ok() || thread::panicking(), "{} was not dropped", self.name);
    }
}

async fn administrate(statement: &str) {
    let mut connection = PgConnection::connect(&setting("DATABASE_URL")).await.unwrap();
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
    connection.close().await.unwrap();
}

/// The server of `DATABASE_URL`, another database.
fn url_of(name: &str) -> String {
    let server = setting("DATABASE_URL");
    let (base, query) = server.split_once('?').unwrap_or((&server, ""));
    let base = base.rsplit_once('/').unwrap().0;
    format!("{base}/{name}?{query}")
}

/// Name of the template for these migrations and rules, made if it isn't there.
async fn template() -> String {
    let mut hasher = DefaultHasher::new();
    for migration in sqlx::migrate!("../migrations").iter() {
        migration.checksum.hash(&mut hasher);
    }
    policies::csv::SHIPPED_RULES.hash(&mut hasher);
    let name = format!("auth_template_{:016x}", hasher.finish());
    let mut connection = PgConnection::connect(&setting("DATABASE_URL")).await.unwrap();
    let lock = sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK);
    lock.execute(&mut connection).await.unwrap();
    if !databases(&mut connection).await.contains(&name) {
        make_template(&mut connection, &name).await;
    }
    drop_left_overs(&mut connection).await;
    connection.close().await.unwrap();
    name
}

/// Under another name until it is finished, so that whoever finds it finds all of it.
async fn make_template(connection: &mut PgConnection, name: &str) {
    let unfinished = format!("{name}_unfinished");
    for statement in ["DROP DATABASE IF EXISTS", "CREATE DATABASE"] {
        connection.execute(AssertSqlSafe(format!("{statement} {unfinished}"))).await.unwrap();
    }
    let pool = PgPool::connect(&url_of(&unfinished)).await.unwrap();
    migrations::migrate(&pool).await.unwrap();
    let now = Clock::default().now();
    policy::seed::seed(&pool, now).await.unwrap();
    // Every server would make them; here once for all.
    login_history::prepare(&pool, now).await.unwrap();
    pool.close().await;
    let rename = format!("ALTER DATABASE {unfinished} RENAME TO {name}");
    connection.execute(AssertSqlSafe(rename)).await.unwrap();
}

async fn databases(connection: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar("SELECT datname::text FROM pg_database").fetch_all(connection).await.unwrap()
}

/// Databases of processes that ended without dropping them. One that is in use stays.
async fn drop_left_overs(connection: &mut PgConnection) {
    for name in databases(connection).await {
        let process = name.strip_prefix("auth_test_").and_then(|rest| rest.split('_').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let statement = AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name}"));
            let _ = connection.execute(statement).await;
        }
    }
}
