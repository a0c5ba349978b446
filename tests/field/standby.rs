//! A primary of `PostgreSQL` and its streaming standby, behind one address.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tests::program::{AUTH_SERVER, Server, Settings};
use tests::{Caller, NEW_PASSWORD, PASSWORD, Proxy, Redis, until};

use crate::own_postgres::OwnPostgres;

/// Within which a server notices, or works again.
const SECONDS: Duration = Duration::from_secs(10);

struct Cluster {
    primary: OwnPostgres,
    standby: OwnPostgres,
    /// The address that servers know.
    relay: Proxy,
}

impl Cluster {
    /// With a database `films` of auth-server. `None` if `PostgreSQL` is not installed.
    async fn start() -> Option<Self> {
        let mut primary = OwnPostgres::create()?;
        primary.start("");
        execute(&primary.url("postgres"), "CREATE DATABASE films").await;
        let migrated = AUTH_SERVER.run(&["migrate"], &settings(&primary.url("films"), ""), "");
        assert_eq!(migrated.status, Some(0), "{migrated:?}");
        let standby = primary.standby();
        let relay = Proxy::to(&primary.address()).await;
        Some(Self { primary, standby, relay })
    }

    /// The URL of `films` that leads through the relay.
    fn url(&self) -> String {
        format!("postgres://postgres@{}/films", self.relay.address())
    }

    /// Waits until the standby has everything.
    async fn has_caught_up(&self) {
        let mut primary = PgConnection::connect(&self.primary.url("films")).await.unwrap();
        let caught_up = "SELECT count(*) = 1 FROM pg_stat_replication
                         WHERE replay_lsn = pg_current_wal_lsn()";
        until("caught up", async || {
            sqlx::query_scalar(caught_up).fetch_one(&mut primary).await.unwrap()
        })
        .await;
    }
}

async fn execute(url: &str, statement: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
}

fn settings(database: &str, redis: &str) -> Settings {
    [
        ("DATABASE_URL", database),
        ("REDIS_URL", redis),
        ("AUTH_SECRET", "c3RhbmRieSBzdGFuZGJ5IHN0YW5kYnkgc3RhbmRieSE="),
        ("AUTH_LISTEN", "127.0.0.1:0"),
        ("AUTH_OPS_LISTEN", ""),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

fn guest(server: &mut Server) -> Caller {
    Caller::guest(reqwest::Client::new(), &server.url("api"))
}

async fn register(guest: &Caller) -> Caller {
    let body = json!({ "login": "ada", "password": PASSWORD });
    let made = guest.post("auth/register", &body).await.ok();
    guest.with_token(made["access_token"].as_str().unwrap())
}

async fn readiness(guest: &Caller) -> (u16, Value) {
    let answer = guest.get("/health/ready").await;
    (answer.status, answer.json()["database"].clone())
}

async fn becomes(guest: &Caller, status: u16, database: &str) {
    let expected = (status, json!(database));
    let took = until(database, async || readiness(guest).await == expected).await;
    assert!(took < SECONDS, "{took:?}");
}

async fn rename(caller: &Caller) -> u16 {
    caller.patch("me", &json!({ "first_name": "Ada" })).await.status
}

async fn assert_refused(caller: &Caller) {
    let answer = caller.patch("me", &json!({ "first_name": "Ada" })).await;
    let answer = answer.expect(503, "database_unavailable");
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_takes_over_is_used_without_a_restart() {
    let Some(mut cluster) = Cluster::start().await else { return };
    let mut server = AUTH_SERVER.serve(&settings(&cluster.url(), ""));
    let guest = guest(&mut server);
    let ada = register(&guest).await;
    assert_eq!(rename(&ada).await, 200);
    cluster.has_caught_up().await;
    cluster.primary.kill();
    becomes(&guest, 503, "down").await;
    assert_refused(&ada).await;
    cluster.relay.lead_to(&cluster.standby.address());
    becomes(&guest, 503, "unusable").await;
    assert_refused(&ada).await;
    cluster.standby.promote();
    becomes(&guest, 200, "up").await;
    let took = until("written", async || rename(&ada).await == 200).await;
    assert!(took < SECONDS, "{took:?}");
    guest.log_in("ada", NEW_PASSWORD).await.expect(401, "credentials_invalid");
    guest.log_in("ada", PASSWORD).await.expect(200, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_lags_behind_vouches_for_no_token_and_no_policy() {
    let Some(cluster) = Cluster::start().await else { return };
    // Not one Redis, which would bring the revocation.
    let (here, there) = (Redis::start(), Redis::start());
    let mut other = AUTH_SERVER.serve(&settings(&cluster.primary.url("films"), &there.url()));
    let mut server = AUTH_SERVER.serve(&settings(&cluster.url(), &here.url()));
    let ada = register(&guest(&mut other)).await;
    let here = ada.at(&server.url("api"));
    let guest = guest(&mut server);
    here.get("me").await.expect(200, "");
    cluster.has_caught_up().await;
    execute(&cluster.standby.url("films"), "SELECT pg_wal_replay_pause()").await;
    cluster.relay.lead_to(&cluster.standby.address());
    cluster.relay.cut();
    becomes(&guest, 503, "down").await;
    cluster.relay.restore();
    becomes(&guest, 503, "unusable").await;
    ada.log_out().await.expect(204, "");
    let took = until("uncertain", async || here.get("me").await.status == 503).await;
    assert!(took < SECONDS, "{took:?}");
    here.get("me").await.expect(503, "revocation_unknown");
    until("not followed", async || guest.get("/health/ready").await.json()["following"] == false)
        .await;
    // Connections to the standby stay open.
    cluster.relay.lead_to(&cluster.primary.address());
    until("revoked", async || here.get("me").await.status == 401).await;
    here.get("me").await.expect(401, "token_revoked");
    becomes(&guest, 200, "up").await;
}
