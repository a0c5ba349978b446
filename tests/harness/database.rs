//! A database for each test, copied from a template that is migrated once.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{process, thread};

use apalis_postgres::PostgresStorage;
use auth_server::clock::Clock;
use auth_server::db::{PgPool, migrations};
use auth_server::{login_history, policy};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::sync::OnceCell;

use crate::{setting, until};

static NUMBER: AtomicU32 = AtomicU32::new(0);
static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// Advisory lock that is held while the template is created; nothing else uses this number.
const LOCK: i64 = 0x0061_7574_6874_6573;

/// A new database, dropped with this value.
pub struct Database {
    name: String,
    /// Its URL, password included.
    pub url: String,
    /// The `AUTH_SECRET` of the servers on it. Every database has its own: failed logins are
    /// counted under it, and all tests have the same client address.
    pub secret: [u8; 32],
}

impl Database {
    /// With all tables and the shipped rules.
    pub async fn migrated() -> Self {
        let template = TEMPLATE.get_or_init(template).await;
        Self::create(&format!("TEMPLATE {template}")).await
    }

    /// Without any tables.
    pub async fn empty() -> Self {
        TEMPLATE.get_or_init(template).await;
        Self::create("").await
    }

    async fn create(options: &str) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("auth_test_{}_{number}", process::id());
        execute_on_server(&format!("CREATE DATABASE {name} {options}")).await;
        Self { url: url_of(&name), name, secret: rand::random() }
    }

    /// The secret as the value of `AUTH_SECRET`.
    #[must_use]
    pub fn secret_text(&self) -> String {
        BASE64_STANDARD.encode(self.secret)
    }

    /// A connection for the test itself.
    ///
    /// # Panics
    /// If `PostgreSQL` is unavailable.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    /// A pool for the test itself.
    ///
    /// # Panics
    /// If `PostgreSQL` is unavailable.
    pub async fn pool(&self) -> PgPool {
        pool(&self.url).await
    }

    /// Executes a statement that no operation of the API offers.
    ///
    /// # Panics
    /// If `PostgreSQL` rejects it.
    pub async fn execute(&self, statement: &str) {
        let mut connection = self.connect().await;
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }

    /// The number that a query returns.
    ///
    /// # Panics
    /// If `PostgreSQL` rejects it.
    pub async fn count(&self, query: &str) -> i64 {
        let query = sqlx::query_scalar(AssertSqlSafe(query));
        query.fetch_one(&mut self.connect().await).await.unwrap()
    }

    /// Waits until a statement of this database waits for a row that a transaction of the test has
    /// locked.
    pub async fn wait_for_lock(&self) {
        let waiting = "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'";
        until("a statement waits for a lock", async || self.count(waiting).await > 0).await;
    }

    /// The URL for a role of its own, with this password, that may read and write every table.
    ///
    /// # Panics
    /// If `PostgreSQL` rejects it.
    pub async fn role_url(&self, password: &str) -> String {
        let name = &self.name;
        execute_on_server(&format!("CREATE ROLE {name} LOGIN PASSWORD '{password}'")).await;
        self.execute(&format!(
            "DO $$ DECLARE s text; BEGIN
                 FOREACH s IN ARRAY ARRAY['public', 'apalis'] LOOP
                     EXECUTE format('GRANT ALL ON SCHEMA %I TO {name}', s);
                     EXECUTE format('GRANT ALL ON ALL TABLES IN SCHEMA %I TO {name}', s);
                     EXECUTE format('GRANT ALL ON ALL SEQUENCES IN SCHEMA %I TO {name}', s);
                 END LOOP;
             END $$"
        ))
        .await;
        let address = self.url.split_once('@').unwrap().1;
        format!("postgres://{name}:{password}@{address}")
    }

    /// Gives the role of [`Database::role_url`] another password. Open connections stay open.
    pub async fn set_password(&self, password: &str) {
        execute_on_server(&format!("ALTER ROLE {} PASSWORD '{password}'", self.name)).await;
    }

    /// Lets the role of [`Database::role_url`] have this many connections; −1: any number.
    pub async fn limit_connections(&self, limit: i32) {
        execute_on_server(&format!("ALTER ROLE {} CONNECTION LIMIT {limit}", self.name)).await;
    }

    /// Executes `GRANT …` or `REVOKE …` for the role of [`Database::role_url`].
    pub async fn privileges(&self, statement: &str) {
        self.execute(&format!("{statement} {}", self.name)).await;
    }

    /// Makes the database read-only, and closes all connections as a failover does; or writable again,
    /// with the connections left as they are.
    pub async fn set_read_only(&self, is_read_only: bool) {
        let setting = if is_read_only { "SET" } else { "RESET" };
        let value = if is_read_only { " = on" } else { "" };
        let name = &self.name;
        let statement =
            format!("ALTER DATABASE {name} {setting} default_transaction_read_only{value}");
        execute_on_server(&statement).await;
        if is_read_only {
            self.disconnect().await;
        }
    }

    /// Terminates every connection and refuses new ones.
    pub async fn refuse_connections(&self) {
        execute_on_server(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.name)).await;
        self.disconnect().await;
    }

    /// Terminates every connection.
    pub async fn disconnect(&self) {
        let name = &self.name;
        let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname";
        execute_on_server(&format!("{terminate} = '{name}'")).await;
    }

    /// Accepts connections again.
    pub async fn accept_connections(&self) {
        execute_on_server(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name)).await;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let database = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let role = format!("DROP ROLE IF EXISTS {}", self.name);
        let runtime =
            || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let dropped = thread::spawn(move || {
            runtime().block_on(async {
                execute_on_server(&database).await;
                execute_on_server(&role).await;
            });
        });
        assert!(dropped.join().is_ok() || thread::panicking(), "{} was not dropped", self.name);
    }
}

async fn pool(url: &str) -> PgPool {
    PgPoolOptions::new().max_connections(2).connect(url).await.unwrap().into()
}

async fn execute_on_server(statement: &str) {
    let mut connection = PgConnection::connect(&setting("DATABASE_URL")).await.unwrap();
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
    connection.close().await.unwrap();
}

/// The URL of another database on the server of `DATABASE_URL`.
fn url_of(name: &str) -> String {
    let server = setting("DATABASE_URL");
    let (base, query) = server.split_once('?').unwrap_or((&server, ""));
    let base = base.rsplit_once('/').unwrap().0;
    format!("{base}/{name}?{query}")
}

/// Name of the template for these migrations and rules; creates it if it does not exist.
async fn template() -> String {
    let mut hasher = DefaultHasher::new();
    let job_queue = PostgresStorage::migrations();
    for migration in sqlx::migrate!("../migrations").iter().chain(job_queue.iter()) {
        migration.checksum.hash(&mut hasher);
    }
    policies::csv::SHIPPED_RULES.hash(&mut hasher);
    let name = format!("auth_template_{:016x}", hasher.finish());
    let mut connection = PgConnection::connect(&setting("DATABASE_URL")).await.unwrap();
    let lock = sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK);
    lock.execute(&mut connection).await.unwrap();
    if !databases(&mut connection).await.contains(&name) {
        create_template(&mut connection, &name).await;
    }
    drop_leftovers(&mut connection).await;
    connection.close().await.unwrap();
    name
}

/// Created under another name and renamed when it is complete, so that it is never found half-done.
async fn create_template(connection: &mut PgConnection, name: &str) {
    let unfinished = format!("{name}_unfinished");
    for statement in ["DROP DATABASE IF EXISTS", "CREATE DATABASE"] {
        connection.execute(AssertSqlSafe(format!("{statement} {unfinished}"))).await.unwrap();
    }
    let pool = pool(&url_of(&unfinished)).await;
    migrations::migrate(PgConnection::connect(&url_of(&unfinished)).await.unwrap()).await.unwrap();
    let now = Clock::default().now();
    policy::seed::seed(&pool, now).await.unwrap();
    // Every server would create these partitions; the template has them.
    login_history::prepare(&pool, now).await.unwrap();
    pool.raw().close().await;
    let rename = format!("ALTER DATABASE {unfinished} RENAME TO {name}");
    connection.execute(AssertSqlSafe(rename)).await.unwrap();
}

async fn databases(connection: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar("SELECT datname::text FROM pg_database").fetch_all(connection).await.unwrap()
}

/// Drops the databases of processes that ended without dropping them. One that is in use stays.
async fn drop_leftovers(connection: &mut PgConnection) {
    for name in databases(connection).await {
        let process = name.strip_prefix("auth_test_").and_then(|rest| rest.split('_').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let statement = AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name}"));
            let _ = connection.execute(statement).await;
        }
    }
}
