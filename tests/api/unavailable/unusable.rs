//! `PostgreSQL` responds but is of no use: read-only after a failover, with another password, without a
//! privilege, or out of connections. And the other way round: it accepts connections and says nothing.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use tests::{Caller, Database, NEW_PASSWORD, Proxy, TestServer, User, until};

use crate::check::{film, may_read_new, read};
use crate::rules::{create_rule, rule};

/// Within which a server notices, or works again.
const SECONDS: Duration = Duration::from_secs(10);

async fn readiness(server: &TestServer) -> (u16, String) {
    let answer = server.guest().get("/health/ready").await;
    (answer.status, answer.json()["database"].as_str().unwrap().to_owned())
}

/// Waits until the server is ready, or not ready with this state of the database.
async fn becomes(server: &TestServer, status: u16, database: &str) {
    let expected = (status, database.to_owned());
    let took = until(database, async || readiness(server).await == expected).await;
    assert!(took < SECONDS, "{took:?}");
}

async fn is_written(caller: &Caller) -> bool {
    caller.patch("me", &json!({ "first_name": "Ada" })).await.status == 200
}

/// Writes are refused with a time to retry, one after the other and at once.
async fn assert_refused(caller: &Caller) {
    let body = json!({ "first_name": "Grace" });
    for answer in join_all((0..6).map(|_| caller.patch("me", &body))).await {
        let answer = answer.expect(503, "database_unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
}

/// Every connection of the pool works again, without a restart.
async fn assert_recovers(server: &TestServer, user: &User) {
    becomes(server, 200, "up").await;
    // A request or two may find out about the connections that the pool has from before.
    let all_are_written =
        async || join_all((0..12).map(|_| is_written(user))).await.iter().all(|done| *done);
    let took = until("written", all_are_written).await;
    assert!(took < SECONDS, "{took:?}");
}

#[tokio::test]
async fn a_read_only_database_is_unavailable_until_it_is_writable_again() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    server.database.set_read_only(true).await;
    becomes(&server, 503, "unusable").await;
    assert!(server.metrics().await.contains("auth_database_up 0"));
    assert_refused(&ada).await;
    let write = rule(50, "anonymous", "label:new", "read", "allow");
    root.post("rules", &write).await.expect(503, "database_unavailable");
    server.guest().log_in("ada", NEW_PASSWORD).await.expect(401, "credentials_invalid");
    server.guest().refresh(&ada.refresh_token).await.expect(503, "database_unavailable");
    // Decisions come from memory.
    for _ in 0..5 {
        read(&ada, film(&[])).await.expect(200, "");
        read(&server.guest(), film(&[])).await.expect(200, "");
    }
    // The connections of the pool stay as they are: read-only ones must not be used again.
    server.database.set_read_only(false).await;
    assert_recovers(&server, &ada).await;
    create_rule(&root, 50, "anonymous", "label:new", "allow").await;
}

#[tokio::test]
async fn a_replaced_password_and_a_missing_privilege_need_no_restart() {
    let database = Database::migrated().await;
    let url = database.role_url("first").await;
    let server = TestServer::on_database(database, &[("DATABASE_URL", &url)]).await;
    let (database, ada) = (&server.database, server.register("ada").await);
    becomes(&server, 200, "up").await;

    database.set_password("second").await;
    // Connections that are open stay open; it is new ones that fail.
    becomes(&server, 503, "down").await;
    assert!(is_written(&ada).await);
    database.disconnect().await;
    until("refused", async || !is_written(&ada).await).await;
    assert_refused(&ada).await;
    database.set_password("first").await;
    assert_recovers(&server, &ada).await;

    database.privileges("REVOKE UPDATE ON users FROM").await;
    becomes(&server, 503, "unusable").await;
    assert_refused(&ada).await;
    database.privileges("GRANT UPDATE ON users TO").await;
    assert_recovers(&server, &ada).await;
}

#[tokio::test]
async fn a_server_is_not_ready_while_it_can_open_no_connection() {
    let database = Database::migrated().await;
    let url = database.role_url("secret").await;
    let server = TestServer::on_database(database, &[("DATABASE_URL", &url)]).await;
    let ada = server.register("ada").await;
    becomes(&server, 200, "up").await;
    // SQLSTATE 53300.
    server.database.limit_connections(0).await;
    becomes(&server, 503, "down").await;
    server.database.disconnect().await;
    until("refused", async || !is_written(&ada).await).await;
    assert_refused(&ada).await;
    server.database.limit_connections(-1).await;
    assert_recovers(&server, &ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_follow_is_not_ready_and_follows_again() {
    let other = TestServer::start().await;
    let root = other.superuser().await;
    let (proxy, url) = Proxy::to_url(&other.database.url).await;
    let server = other.replica(&[("DATABASE_URL", &url)]).await;
    becomes(&server, 200, "up").await;
    // A relay that accepts connections and forwards nothing, in either direction.
    proxy.freeze_all();
    create_rule(&root, 50, "anonymous", "label:new", "allow").await;
    becomes(&server, 503, "down").await;
    let following = async || server.guest().get("/health/ready").await.json()["following"] == true;
    let took = until("behind", async || !following().await).await;
    assert!(took < SECONDS, "{took:?}");
    assert!(!may_read_new(&server.guest()).await);
    proxy.thaw();
    let guest = server.guest();
    let took = until("applied", async || may_read_new(&guest).await).await;
    assert!(took < SECONDS, "{took:?}");
    becomes(&server, 200, "up").await;
}
