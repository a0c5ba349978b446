//! Redis is unavailable, with and without the database.

use std::time::{Duration, Instant};

use tests::{Proxy, TestServer, setting, until};

use crate::check::{film, may_read_new, read};
use crate::samples::samples;

/// A server whose connection to Redis can be cut.
async fn server() -> (TestServer, Proxy) {
    let (proxy, url) = Proxy::to_url(&setting("REDIS_URL")).await;
    (TestServer::with(&[("REDIS_URL", &url)]).await, proxy)
}

#[tokio::test]
async fn without_redis_revocations_come_from_the_database() {
    let (server, redis) = server().await;
    let other = server.replica(&[]).await;
    let user = server.register("ada").await;
    redis.cut();
    for _ in 0..30 {
        user.get("me").await.expect(200, "");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let there = user.at(&other.url);
    user.log_out().await.expect(204, "");
    user.get("me").await.expect(401, "token_revoked");
    let took = until("logged out", async || there.get("me").await.status == 401).await;
    assert!(took < std::time::Duration::from_secs(1), "{took:?}");
}

#[tokio::test]
async fn redis_alone_confirms_revocations_for_a_few_seconds_only() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    server.database.refuse_connections().await;
    let refused = Instant::now();
    read(&user, film(&[])).await.expect(200, "");
    until("uncertain", async || read(&user, film(&[])).await.status == 503).await;
    let took = refused.elapsed();
    assert!(Duration::from_secs(4) < took && took < Duration::from_secs(10), "{took:?}");
    read(&user, film(&[])).await.expect(503, "revocation_unknown");
    read(&server.guest(), film(&[])).await.expect(200, "");
    server.database.accept_connections().await;
    until("certain again", async || read(&user, film(&[])).await.status == 200).await;
}

#[tokio::test]
async fn without_redis_and_database_no_token_is_accepted_but_guests_are_served() {
    let (server, redis) = server().await;
    let user = server.register("ada").await;
    let samples = samples(&server, &user).await;
    user.get("me").await.expect(200, "");
    redis.cut();
    server.database.refuse_connections().await;
    until("uncertain", async || read(&user, film(&[])).await.status == 503).await;
    for sample in samples.iter().filter(|sample| sample.operation.accepts_token()) {
        // Logout only gives up rights: it needs the database, but not the revocation state.
        if sample.operation.path != "/api/v1/auth/logout" {
            let answer = sample.send(&user).await.expect(503, "revocation_unknown");
            assert_eq!(answer.header("retry-after"), "1");
        }
    }
    assert!(!may_read_new(&server.guest()).await);
    read(&server.guest(), film(&[])).await.expect(200, "");
    server.database.accept_connections().await;
    until("certain again", async || read(&user, film(&[])).await.status == 200).await;
    user.get("me").await.expect(200, "");
}
