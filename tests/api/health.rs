//! `GET /health/live`, `/health/ready`, and the operators' port.

use std::time::Instant;

use insta::assert_snapshot;
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
      "database": "up",
      "draining": false,
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
