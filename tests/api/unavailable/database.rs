//! `PostgreSQL` is unavailable.

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use serde_json::json;
use tests::openapi::{DocumentedAnswer, answers};
use tests::{Proxy, TestServer, until};

use crate::check::{film, may_read_new, read};
use crate::samples::samples;
use crate::users::grant;

#[tokio::test]
async fn operations_that_need_the_database_say_when_to_retry() {
    // A single server: several do not accept tokens for long without the database.
    let settings = [("REDIS_URL", ""), ("AUTH_TRUSTED_PROXIES", "127.0.0.1")];
    let server = TestServer::with(&settings).await;
    let root = server.superuser().await;
    let document = server.guest().get("/openapi.json").await.ok();
    let documented = answers(&document);
    let samples = samples(&server, &root).await;
    server.database.refuse_connections().await;
    for sample in &samples {
        // Their problems come from providers; see `auth::oidc::unavailable`.
        if sample.operation.path.starts_with("/api/v1/auth/oidc/") {
            continue;
        }
        let answer = sample.send(&root).await;
        let unavailable = DocumentedAnswer {
            operation: sample.name(),
            status: 503,
            code: "database_unavailable".to_owned(),
        };
        // Decisions need it only to authenticate service clients; see `check::subject`.
        let in_memory = sample.operation.accepts_subject();
        if documented.contains(&unavailable) && !in_memory {
            let answer = answer.expect(503, "database_unavailable");
            assert_eq!(answer.header("retry-after"), "1");
        } else if sample.operation.path != "/health/ready" {
            answer.ok();
        }
    }
    assert_snapshot!(root.get("me").await, @r#"
    503
    {
      "code": "database_unavailable",
      "retry_after": 1,
      "status": 503,
      "title": "The database is unavailable; try again later.",
      "type": "about:blank"
    }
    "#);
    server.database.accept_connections().await;
    until("back", async || root.get("me").await.status == 200).await;
    let rules = server.database.count("SELECT count(*) FROM rules").await;
    assert_eq!(rules, 5, "half-written");
}

#[tokio::test]
async fn checks_of_cached_tokens_and_of_guests_continue() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    grant(&root, &user.id, "subscriber").await;
    let fresh = server.log_in("ada").await;
    server.database.refuse_connections().await;
    // Longer than the cached revocation state is valid. A busy machine may miss a heartbeat of
    // Redis now and then; the next one follows.
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(2) {
        until("taken", async || read(&user, film(&[])).await.status == 200).await;
        assert!(!may_read_new(&server.guest()).await);
    }
    assert!(may_read_new(&user).await);
    // A token that is not cached is verified with the keys in memory.
    assert!(may_read_new(&fresh).await);
    let filter = json!({ "action": "read", "type": "film" });
    user.post("filter", &filter).await.expect(200, "");
    user.get("me/permissions").await.expect(200, "");
}

#[tokio::test]
async fn an_unreachable_database_times_out_within_seconds() {
    let (proxy, url) = Proxy::to_url(&tests::setting("DATABASE_URL")).await;
    let database = tests::Database::migrated().await;
    let server = url.split_once('?').map_or(url.as_str(), |(server, _)| server);
    let own = database.url.rsplit('/').next().unwrap();
    let through = format!("{}/{own}", server.rsplit_once('/').unwrap().0);
    let settings = [("DATABASE_URL", through.as_str()), ("REDIS_URL", "")];
    let server = TestServer::on_database(database, &settings).await;
    let user = server.register("ada").await;
    proxy.cut();
    let started = Instant::now();
    user.get("me").await.expect(503, "database_unavailable");
    assert!(started.elapsed() < Duration::from_secs(6));
    read(&user, film(&[])).await.expect(200, "");
    proxy.restore();
    until("back", async || user.get("me").await.status == 200).await;
}

#[tokio::test]
async fn rules_written_elsewhere_apply_once_the_database_is_available() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    server.database.refuse_connections().await;
    root.get("rules").await.expect(503, "database_unavailable");
    server.database.accept_connections().await;
    let other = server.replica(&[]).await;
    crate::rules::create_rule(&root.at(&other.url), 50, "anonymous", "label:new", "allow").await;
    let guest = server.guest();
    until("followed", async || may_read_new(&guest).await).await;
}
