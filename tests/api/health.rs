//! `GET /health/live`, `/health/ready`, and the operators' port.

use std::time::Instant;

use futures::future::join_all;
use insta::assert_snapshot;
use sqlx::Executor;
use tests::{Redis, TestServer, until};

#[tokio::test]
async fn a_server_with_all_its_services_is_live_and_ready() {
    let server = TestServer::start().await;
    assert_snapshot!(server.guest().get("/health/live").await, @r#"
    200
    {
      "live": true
    }
    "#);
    assert_snapshot!(server.guest().get("/health/ready").await, @r#"
    200
    {
      "clock_skew_seconds": 0.0,
      "database": "up",
      "draining": false,
      "following": true,
      "ready": true,
      "redis": "up",
      "revision": 1
    }
    "#);
}

#[tokio::test]
async fn a_server_without_its_database_is_live_but_not_ready() {
    let server = TestServer::with(&[("REDIS_URL", "")]).await;
    server.database.refuse_connections().await;
    server.guest().get("/health/live").await.expect(200, "");
    let answer = server.guest().get("/health/ready").await;
    assert_snapshot!(answer, @r#"
    503
    {
      "database": "down",
      "draining": false,
      "following": true,
      "ready": false,
      "redis": "off",
      "revision": 1
    }
    "#);
    server.database.accept_connections().await;
    until("ready again", async || server.guest().get("/health/ready").await.status == 200).await;
}

#[tokio::test]
async fn probes_do_not_decide_how_often_redis_is_asked() {
    let redis = Redis::start();
    let server = TestServer::with(&[("REDIS_URL", &redis.url())]).await;
    let guest = server.guest();
    guest.get("/health/ready").await.expect(200, "");
    let before = redis.connections().await;
    let started = Instant::now();
    for _ in 0..300 {
        guest.get("/health/ready").await.expect(200, "");
    }
    let checks = started.elapsed().as_secs() + 1;
    let opened = redis.connections().await - before;
    assert!(opened <= checks + 2, "{opened} connections, {checks} s");
}

#[tokio::test]
async fn requests_that_hold_the_whole_pool_do_not_make_a_server_unready() {
    let server = TestServer::with(&[("AUTH_DATABASE_POOL", "2")]).await;
    let ada = server.register("ada").await;
    let mut lock = server.database.connect().await;
    lock.execute("BEGIN; SELECT FROM users WHERE login_key = 'ada' FOR UPDATE").await.unwrap();
    let rename = async || ada.patch("me", &serde_json::json!({ "first_name": "Ada" })).await;
    let waiting = join_all((0..4).map(|_| rename()));
    let probe = async {
        server.database.wait_for_lock().await;
        server.guest().get("/health/ready").await.expect(200, "")
    };
    let (_, ready) = tokio::join!(waiting, probe);
    assert!(ready.json()["clock_skew_seconds"].is_number(), "{ready}");
}

#[tokio::test]
async fn metrics_are_served_only_on_the_operators_port() {
    let server = TestServer::start().await;
    server.guest().get("/metrics").await.expect(404, "not_found");
    let body =
        serde_json::json!({ "action": "read", "resource": { "type": "film", "labels": [] } });
    server.guest().post("check", &body).await.expect(200, "");
    let metrics = server.metrics().await;
    for line in [
        r#"auth_http_requests_total{method="POST",route="/api/v1/check",status="200"} 1"#,
        r#"auth_decisions_total{outcome="allowed"} 1"#,
        "auth_policy_revision 1",
        "auth_database_up 1",
        "auth_redis_up 1",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    server.guest().at(&server.ops_url).get("/health/ready").await.expect(200, "");
}

#[tokio::test]
async fn a_redis_that_takes_no_writes_is_unusable() {
    let redis = Redis::start();
    let server = TestServer::with(&[("REDIS_URL", &redis.url())]).await;
    let is = async |state: &str| {
        until(state, async || server.guest().get("/health/ready").await.ok()["redis"] == state)
            .await;
    };
    is("up").await;
    // A replica, and a full server.
    for (broken, whole) in [
        (["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]),
        (["CONFIG SET", "maxmemory", "1"], ["CONFIG SET", "maxmemory", "0"]),
    ] {
        let call = async |command: [&str; 3]| {
            let words: Vec<&str> = command.iter().flat_map(|word| word.split(' ')).collect();
            redis.call::<()>(&words).await;
        };
        call(broken).await;
        is("unusable").await;
        assert!(server.metrics().await.contains("auth_redis_up 0"));
        call(whole).await;
        is("up").await;
    }
}
