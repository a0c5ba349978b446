//! The real auth-server, in this process, with a thread and a database of its own.

use std::collections::HashMap;
use std::future::pending;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use auth_server::account_admin::superuser::Superusers;
use auth_server::app::Application;
use auth_server::clock::Clock;
use auth_server::config::{self, Config};
use auth_server::policy;
use policies::label_rules::{LabelRules, SHIPPED};
use reqwest::{Client, redirect};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::{Caller, Database, User, setting};

/// The password of every account, unless a test says otherwise.
pub const PASSWORD: &str = "correct horse battery staple 17";

/// Another acceptable password.
pub const NEW_PASSWORD: &str = "seven green bottles hanging";

/// An id that no user, client or session has.
pub const UNKNOWN_ID: &str = "00000000-0000-4000-8000-000000000000";

/// The part of a request that reauthenticates its caller by [`PASSWORD`].
#[must_use]
pub fn current_password() -> Value {
    json!({ "current_password": PASSWORD })
}

/// Redis has 16 databases. Servers that share one only receive the revocations of sessions that
/// they do not know.
static REDIS: AtomicU32 = AtomicU32::new(0);

type Settings = HashMap<String, String>;

/// A running server, stopped when this value is dropped.
pub struct TestServer {
    /// The server's clock, which tests can advance.
    pub clock: Clock,
    /// URL of the API.
    pub url: String,
    /// URL of the operators' listener.
    pub ops_url: String,
    /// Its database.
    pub database: Arc<Database>,
    settings: Settings,
    http: Client,
    /// Runs the server's tasks even while the test blocks, its final cleanup included.
    runtime: Option<Runtime>,
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl TestServer {
    /// A server with the shipped settings, except that registrations are not limited in number: all
    /// tests register from one address.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A server with these settings.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::on_database(Database::migrated().await, settings).await
    }

    /// A server on a database that the test has prepared.
    pub async fn on_database(database: Database, settings: &[(&str, &str)]) -> Self {
        Self::with_clock(Clock::default(), database, settings).await
    }

    /// A server with this clock.
    pub async fn with_clock(clock: Clock, database: Database, settings: &[(&str, &str)]) -> Self {
        let number = REDIS.fetch_add(1, Ordering::Relaxed) % 15 + 1;
        let redis = format!("{}/{number}", setting("REDIS_URL").trim_end_matches('/'));
        let mut all = owned(&[
            ("DATABASE_URL", &database.url),
            ("REDIS_URL", &redis),
            ("AUTH_SECRET", &database.secret_text()),
            ("AUTH_LISTEN", "127.0.0.1:0"),
            ("AUTH_OPS_LISTEN", "127.0.0.1:0"),
            ("AUTH_THROTTLE_ADDRESS_REGISTRATIONS", "1000000"),
            ("AUTH_THROTTLE_REGISTRATIONS", "1000000"),
        ]);
        all.extend(owned(settings));
        Self::run(Arc::new(database), all, clock).await
    }

    /// Another server on the same database and Redis, with a clock of its own.
    pub async fn replica(&self, settings: &[(&str, &str)]) -> Self {
        self.replica_with_clock(Clock::default(), settings).await
    }

    /// Another server on the same database and Redis, with this clock.
    pub async fn replica_with_clock(&self, clock: Clock, settings: &[(&str, &str)]) -> Self {
        let mut all = self.settings.clone();
        all.extend(owned(settings));
        Self::run(Arc::clone(&self.database), all, clock).await
    }

    async fn run(database: Arc<Database>, settings: Settings, clock: Clock) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let building = runtime.spawn(Application::build(config(&settings), clock.clone()));
        let application = building.await.unwrap().unwrap();
        let url = format!("http://{}", application.address());
        let ops_url = format!("http://{}", application.ops_address().unwrap());
        runtime.spawn(application.run(pending()));
        let runtime = Some(runtime);
        Self { clock, url, ops_url, database, settings, http: http(), runtime }
    }

    /// A caller without a token.
    #[must_use]
    pub fn guest(&self) -> Caller {
        Caller::guest(self.http.clone(), &self.url)
    }

    /// The bearer of this access token.
    #[must_use]
    pub fn as_user(&self, token: &str) -> Caller {
        self.guest().with_token(token)
    }

    /// A new account, signed in.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn register(&self, login: &str) -> User {
        let body = json!({ "login": login, "password": PASSWORD });
        let made = self.guest().post("auth/register", &body).await.ok();
        self.user(&made, login, &made["user"]["id"])
    }

    /// An existing account, in a new session.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn log_in(&self, login: &str) -> User {
        let tokens = self.guest().log_in(login, PASSWORD).await.ok();
        let caller = self.as_user(tokens["access_token"].as_str().unwrap());
        let me = caller.get("me").await.ok();
        self.user(&tokens, login, &me["id"])
    }

    fn user(&self, tokens: &Value, login: &str, id: &Value) -> User {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        User {
            id: text(id),
            login: login.to_owned(),
            refresh_token: text(&tokens["refresh_token"]),
            caller: self.as_user(tokens["access_token"].as_str().unwrap()),
        }
    }

    /// The superuser `root`, created as the command line does it, signed in.
    ///
    /// # Panics
    /// If `root` exists.
    pub async fn superuser(&self) -> User {
        let (config, pool) = (config(&self.settings), self.database.pool().await);
        let now = self.clock.now();
        let labels = LabelRules::parse(SHIPPED).unwrap();
        let policy = policy::load(&pool, &labels, config.token.life(), now).await.unwrap();
        let password = PASSWORD.to_owned().into();
        let superusers = Superusers { pool: &pool, policy: &policy, clock: &self.clock };
        superusers.create(&config.password, "root", password).await.unwrap();
        pool.raw().close().await;
        self.wait_for_revision(policy.snapshot().revision()).await;
        self.log_in("root").await
    }

    /// What `/metrics` shows.
    pub async fn metrics(&self) -> String {
        Caller::guest(self.http.clone(), &self.ops_url).get("/metrics").await.text
    }

    /// Waits until this server has applied a revision.
    ///
    /// # Panics
    /// If it does not within a second.
    pub async fn wait_for_revision(&self, revision: i64) {
        let body =
            json!({ "action": "read", "resource": { "type": "film" }, "at_least": revision });
        self.guest().post("check", &body).await.expect(200, "");
    }
}

fn owned(settings: &[(&str, &str)]) -> Settings {
    settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn config(settings: &Settings) -> Config {
    let file = settings.get("AUTH_CONFIG").map(Path::new);
    config::load(file, settings.clone()).unwrap()
}

fn http() -> Client {
    Client::builder()
        .redirect(redirect::Policy::none())
        .tls_built_in_root_certs(false)
        .no_proxy()
        .build()
        .unwrap()
}
