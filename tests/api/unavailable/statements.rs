//! `PostgreSQL` accepts statements and does not answer: a lock is held, or the network has lost
//! connections without closing them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use tests::{Answer, Caller, Database, Proxy, TestServer, until};
use tokio::time::timeout;

use crate::check::may_read_new;
use crate::rules::{create_rule, rule};

/// More than a statement may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// A transaction that holds what this statement locks.
async fn lock(server: &TestServer, statement: &str) -> PgConnection {
    let mut connection = server.database.connect().await;
    connection.execute("BEGIN").await.unwrap();
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
    connection
}

async fn rename(caller: &Caller) -> Answer {
    caller.patch("me", &json!({ "first_name": "Ada" })).await
}

/// The answers to concurrent requests.
async fn rename_often(caller: &Caller, times: usize) -> Vec<Answer> {
    join_all((0..times).map(|_| rename(caller))).await
}

async fn is_renamed_often(caller: &Caller, times: usize) -> bool {
    rename_often(caller, times).await.iter().all(|answer| answer.status == 200)
}

/// A server behind a proxy to the database.
async fn behind_proxy() -> (TestServer, Proxy) {
    let database = Database::migrated().await;
    let (proxy, url) = Proxy::to_url(&database.url).await;
    (TestServer::on_database(database, &[("DATABASE_URL", &url)]).await, proxy)
}

#[tokio::test]
async fn a_statement_that_waits_for_a_lock_fails_in_time_and_keeps_nothing_from_others() {
    let server = TestServer::with(&[("AUTH_DATABASE_POOL", "4")]).await;
    let (ada, grace) = (server.register("ada").await, server.register("grace").await);
    let lock = lock(&server, "SELECT FROM users WHERE login_key = 'ada' FOR UPDATE").await;
    let started = Instant::now();
    for answer in rename_often(&ada, 8).await {
        answer.expect(503, "database_unavailable");
    }
    assert!(started.elapsed() < DEADLINE, "{:?}", started.elapsed());
    // The lock is still held.
    assert!(is_renamed_often(&grace, 8).await);
    drop(lock);
    until("released", async || rename(&ada).await.status == 200).await;
}

#[tokio::test]
async fn a_policy_write_that_waits_for_the_lock_fails_in_time() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let lock = lock(&server, "SELECT FROM policy_state FOR UPDATE").await;
    let started = Instant::now();
    let write = rule(50, "anonymous", "label:new", "read", "allow");
    root.post("rules", &write).await.expect(503, "database_unavailable");
    assert!(started.elapsed() < DEADLINE, "{:?}", started.elapsed());
    drop(lock);
    create_rule(&root, 50, "anonymous", "label:new", "allow").await;
}

#[tokio::test]
async fn clients_that_hang_up_within_a_statement_leave_the_pool_to_others() {
    let server = TestServer::with(&[("AUTH_DATABASE_POOL", "4")]).await;
    let (ada, grace) = (server.register("ada").await, server.register("grace").await);
    let _lock = lock(&server, "SELECT FROM users WHERE login_key = 'ada' FOR UPDATE").await;
    let hang_up = async || {
        let request = ada.request(Method::PATCH, "me").json(&json!({ "first_name": "Ada" }));
        let sent = request.timeout(Duration::from_millis(300)).send().await;
        assert!(sent.is_err_and(|error| error.is_timeout()));
    };
    join_all((0..8).map(|_| hang_up())).await;
    let took = until("served", async || rename(&grace).await.status == 200).await;
    assert!(took < DEADLINE, "{took:?}");
}

/// The process ids of the connections of the pool.
async fn connections(database: &Database) -> BTreeSet<i32> {
    let others = "SELECT pid FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let pids = sqlx::query_scalar(others).fetch_all(&mut database.connect().await).await;
    pids.unwrap().into_iter().collect()
}

#[tokio::test]
async fn clients_that_hang_up_within_a_short_statement_cause_no_new_connection() {
    let database = Database::migrated().await;
    let pool = database.pool().await;
    database.execute("CREATE TABLE written (n int)").await;
    let (one, two) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    let before = connections(&database).await;
    assert_eq!(before.len(), 2);
    drop((one, two));
    for _ in 0..10 {
        let sleep = sqlx::query("SELECT pg_sleep(0.05)").execute(&pool);
        assert!(timeout(Duration::from_millis(10), sleep).await.is_err());
        let mut transaction = pool.begin().await.unwrap();
        let write = "INSERT INTO written VALUES (1)";
        sqlx::query(write).execute(&mut *transaction).await.unwrap();
        let sleep = sqlx::query("SELECT pg_sleep(0.05)").execute(&mut *transaction);
        assert!(timeout(Duration::from_millis(10), sleep).await.is_err());
    }
    // Every statement reads its own answer, outside of any transaction.
    for n in 0..10 {
        let answer = sqlx::query_scalar("SELECT $1::int").bind(n).fetch_one(&pool).await;
        assert_eq!(answer.ok(), Some(n));
    }
    assert_eq!(database.count("SELECT count(*) FROM written").await, 0);
    assert_eq!(connections(&database).await, before);
}

#[tokio::test]
async fn a_long_statement_that_nobody_waits_for_any_more_closes_its_connection() {
    let database = Database::migrated().await;
    let pool = database.pool().await;
    let started = Instant::now();
    for _ in 0..4 {
        let sleep = sqlx::query("SELECT pg_sleep(60)").execute(&pool);
        assert!(timeout(Duration::from_millis(100), sleep).await.is_err());
        let mut transaction = pool.begin().await.unwrap();
        let sleep = sqlx::query("SELECT pg_sleep(60)").execute(&mut *transaction);
        assert!(timeout(Duration::from_millis(100), sleep).await.is_err());
        let next = sqlx::query("SELECT 1").execute(&mut *transaction).await;
        assert!(matches!(next, Err(sqlx::Error::Io(_))), "{next:?}");
    }
    sqlx::query("SELECT 1").execute(&pool).await.unwrap();
    assert!(started.elapsed() < DEADLINE, "{:?}", started.elapsed());
}

#[tokio::test]
async fn frozen_connections_cost_one_statement_each_at_most_and_are_replaced() {
    let (server, proxy) = behind_proxy().await;
    let ada = server.register("ada").await;
    assert!(is_renamed_often(&ada, 8).await);
    proxy.freeze();
    let started = Instant::now();
    for answer in rename_often(&ada, 8).await {
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
    }
    assert!(started.elapsed() < DEADLINE, "{:?}", started.elapsed());
    until("recovered", async || is_renamed_often(&ada, 16).await).await;
    server.guest().refresh(&ada.refresh_token).await.expect(200, "");
    assert!(started.elapsed() < 2 * DEADLINE, "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn policy_writes_and_logouts_elsewhere_apply_although_every_connection_froze() {
    let other = TestServer::start().await;
    let root = other.superuser().await;
    let (proxy, url) = Proxy::to_url(&other.database.url).await;
    let server = other.replica(&[("DATABASE_URL", &url)]).await;
    let (ada, guest) = (other.register("ada").await, server.guest());
    let there = ada.at(&server.url);
    there.get("me").await.expect(200, "");
    proxy.freeze();
    create_rule(&root, 50, "anonymous", "label:new", "allow").await;
    ada.log_out().await.expect(204, "");
    let took = until("applied", async || may_read_new(&guest).await).await;
    assert!(took < Duration::from_secs(3), "{took:?}");
    until("logged out", async || there.get("me").await.status == 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policy_writes_elsewhere_apply_while_requests_hold_the_whole_pool() {
    let server = TestServer::with(&[("AUTH_DATABASE_POOL", "2")]).await;
    let (other, ada) = (server.replica(&[]).await, server.register("ada").await);
    let root = other.superuser().await;
    let _lock = lock(&server, "SELECT FROM users WHERE login_key = 'ada' FOR UPDATE").await;
    let waiting = rename_often(&ada, 6);
    let write = async {
        server.database.wait_for_lock().await;
        create_rule(&root, 50, "anonymous", "label:new", "allow").await;
        let guest = server.guest();
        until("applied", async || may_read_new(&guest).await).await
    };
    let (_, took) = tokio::join!(waiting, write);
    assert!(took < Duration::from_secs(1), "{took:?}");
}
