//! Redis with TLS and a private certificate authority, and with a user that may do no more than needed.

use serde_json::json;
use tests::{NEW_PASSWORD, Redis, TestServer, free_port, until};

use crate::certificates::Certificates;

/// As auth-server's README lists them.
pub(crate) const PRIVILEGES: &str = "resetkeys ~auth:* resetchannels -@all +set +get +del +hmget +hset +zadd +zcard \
    +zrem +zremrangebyscore +pexpire +xadd +xread +eval +evalsha +script|load +ping +select";

/// Attempts are counted by what was typed, and all tests come from one address.
pub(crate) const MANY_FROM_ONE_ADDRESS: (&str, &str) = ("AUTH_THROTTLE_ADDRESS_ATTEMPTS", "100000");

pub(crate) async fn state(server: &TestServer) -> String {
    server.guest().get("/health/ready").await.json()["redis"].as_str().unwrap().to_owned()
}

/// Whether two servers count failed attempts together.
async fn count_together(one: &TestServer, two: &TestServer) -> bool {
    let login = format!("u{}", uuid::Uuid::new_v4().simple());
    for server in [one, two, one] {
        server.guest().log_in(&login, NEW_PASSWORD).await.expect(401, "credentials_invalid");
    }
    two.guest().log_in(&login, NEW_PASSWORD).await.status == 429
}

/// Waits until two servers use the same Redis, and checks what they use it for.
pub(crate) async fn work_together(one: &TestServer, two: &TestServer, login: &str) {
    for server in [one, two] {
        until("up", async || state(server).await == "up").await;
        assert!(server.metrics().await.contains("auth_redis_up 1"));
    }
    until("counted together", async || count_together(one, two).await).await;
    let user = one.register(login).await;
    let there = user.at(&two.url);
    let film = json!({ "action": "read", "resource": { "type": "film", "labels": [] } });
    there.post("check", &film).await.expect(200, "");
    user.log_out().await.expect(204, "");
    until("logged out", async || there.post("check", &film).await.status == 401).await;
}

#[tokio::test]
async fn a_private_certificate_authority_is_trusted_if_it_is_named() {
    let (certificates, port) = (Certificates::create(), free_port());
    let (cert, key) = (certificates.text("cert.pem"), certificates.text("key.pem"));
    let ca = certificates.text("ca.pem");
    let _redis = Redis::with(&[
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &ca,
        "--tls-auth-clients",
        "no",
    ]);
    let url = format!("rediss://localhost:{port}/0");
    let server =
        TestServer::with(&[("REDIS_URL", &url), ("REDIS_CA_FILE", &ca), MANY_FROM_ONE_ADDRESS])
            .await;
    work_together(&server, &server.replica(&[]).await, "ada").await;
    let untrusting = TestServer::with(&[("REDIS_URL", &url)]).await;
    assert_eq!(state(&untrusting).await, "down");
}

#[tokio::test]
async fn a_user_with_the_documented_privileges_is_enough() {
    let redis = Redis::start();
    let mut user = vec!["ACL", "SETUSER", "films", "on", ">secret"];
    user.extend(PRIVILEGES.split_whitespace());
    redis.call::<()>(&user).await;
    let url = redis.url().replacen("://", "://films:secret@", 1);
    let server = TestServer::with(&[("REDIS_URL", &url)]).await;
    until("up", async || state(&server).await == "up").await;
    let ada = server.register("ada").await;
    for _ in 0..3 {
        server.guest().log_in("ada", NEW_PASSWORD).await.expect(401, "credentials_invalid");
    }
    server.guest().log_in("ada", NEW_PASSWORD).await.expect(429, "too_many_attempts");
    ada.log_out().await.expect(204, "");
    until("published", async || redis.revocations().await > 0).await;
    let counters: Vec<String> = redis.call(&["KEYS", "auth:{throttle}:*"]).await;
    assert!(!counters.is_empty());
    let denied: Vec<redis::Value> = redis.call(&["ACL", "LOG"]).await;
    assert!(denied.is_empty(), "{denied:?}");
    // A command less, and Redis is of no use.
    redis.call::<()>(&["ACL", "SETUSER", "films", "-set"]).await;
    until("unusable", async || state(&server).await == "unusable").await;
}
