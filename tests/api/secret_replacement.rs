//! Replacing `AUTH_SECRET` by rolling restarts.

use std::sync::Arc;

use serde_json::json;
use tests::{Database, TestServer, until};

const OLD: &str = "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e";
const NEW: &str = "6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f";

/// The steps of a replacement.
const BEFORE: [(&str, &str); 1] = [("AUTH_SECRET", OLD)];
const FIRST: [(&str, &str); 2] = [("AUTH_SECRET", OLD), ("AUTH_SECRET_NEXT", NEW)];
const SECOND: [(&str, &str); 2] = [("AUTH_SECRET", NEW), ("AUTH_SECRET_PREVIOUS", OLD)];
const LAST: [(&str, &str); 2] = [("AUTH_SECRET", NEW), ("AUTH_SECRET_NEXT", "")];

/// What readiness says of the secret: nothing if no step is missing.
async fn missing_step(server: &TestServer) -> String {
    let answer = server.guest().get("/health/ready").await;
    let missing = answer.json()["missing_secret_step"].as_str().unwrap_or_default().to_owned();
    assert_eq!(answer.status == 200, missing.is_empty(), "{answer}");
    missing
}

/// Keys that the old secret encrypted.
async fn kept_keys(database: &Database) {
    database.execute("CREATE TABLE kept AS SELECT private_key FROM signing_keys").await;
}

const NOT_REENCRYPTED: &str =
    "SELECT count(*) FROM signing_keys WHERE private_key IN (SELECT private_key FROM kept)";

#[tokio::test]
async fn in_the_right_order_nobody_is_signed_out() {
    let first = TestServer::with(&FIRST).await;
    kept_keys(&first.database).await;
    let session = first.register("ada").await;
    let second = first.replica(&SECOND).await;
    assert_eq!((missing_step(&first).await, missing_step(&second).await), Default::default());
    // Both servers go on with the session, in any order, also with each other's tokens.
    let mut refresh = session.refresh_token.clone();
    for server in [&second, &first, &second, &first] {
        let answer =
            server.guest().post("auth/refresh", &json!({ "refresh_token": refresh })).await;
        let answer = answer.ok();
        server.as_user(answer["access_token"].as_str().unwrap()).get("me").await.expect(200, "");
        refresh = answer["refresh_token"].as_str().unwrap().to_owned();
    }
    let database = &first.database;
    until("re-encrypted", async || database.count(NOT_REENCRYPTED).await == 0).await;
    second.as_user(first.log_in("ada").await.token()).get("me").await.expect(200, "");
}

#[tokio::test]
async fn a_secret_that_other_servers_cannot_read_makes_the_new_server_wait() {
    let others = TestServer::with(&BEFORE).await;
    kept_keys(&others.database).await;
    let hasty = others.replica(&SECOND).await;
    assert!(missing_step(&hasty).await.contains("AUTH_SECRET_NEXT"));
    // The servers that were there first are not affected, and nothing is taken away from them.
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert_eq!(missing_step(&others).await, "");
    assert_eq!(others.database.count(NOT_REENCRYPTED).await, 1);
    drop(others);
    // Its announcement expires.
    until("ready", async || missing_step(&hasty).await.is_empty()).await;
    until("re-encrypted", async || hasty.database.count(NOT_REENCRYPTED).await == 0).await;
}

#[tokio::test]
async fn a_server_without_the_secret_that_another_one_writes_with_is_not_ready() {
    let server = TestServer::with(&BEFORE).await;
    let other = "INSERT INTO servers (id, writes, reads, ready, seen_at)
                 SELECT gen_random_uuid(), 'another', reads || 'another'::bytea, true,
                     clock_timestamp() + interval '1 hour' FROM servers";
    server.database.execute(other).await;
    let behind = server.replica(&[]).await;
    assert!(missing_step(&behind).await.contains("set it as AUTH_SECRET_NEXT"));
    server.database.execute("DELETE FROM servers WHERE writes = 'another'").await;
    until("ready", async || missing_step(&behind).await.is_empty()).await;
}

#[tokio::test]
async fn the_previous_secret_stays_for_the_life_of_a_session() {
    let first = TestServer::with(&FIRST).await;
    kept_keys(&first.database).await;
    let second = first.replica(&SECOND).await;
    let database = Arc::clone(&first.database);
    until("re-encrypted", async || database.count(NOT_REENCRYPTED).await == 0).await;
    drop(second);
    let last = first.replica(&LAST).await;
    drop(first);
    // Until its announcement has expired, the first server counts as one that writes with the old secret.
    until("noticed", async || missing_step(&last).await.contains("AUTH_SECRET_PREVIOUS has to"))
        .await;
    // Ninety days after a server has written with the old secret.
    let past = "UPDATE secrets SET used_at = used_at - interval '91 days'";
    database.execute(past).await;
    until("ready", async || missing_step(&last).await.is_empty()).await;
}
