//! `POST /api/v1/oauth/introspect`

use chrono::TimeDelta;
use insta::assert_snapshot;
use serde_json::json;
use tests::token::read;
use tests::{Proxy, TestServer, setting, until};

use super::Client;
use crate::users::grant;

#[tokio::test]
async fn a_valid_access_token_is_active_with_its_claims_and_current_roles() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let client = Client::new(&server, &root, "films").await;
    grant(&root, &user.id, "subscriber").await;
    let answer = client.call("introspect", user.token()).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let (_, claims) = read(user.token());
    let said = answer.json();
    for name in ["sub", "sid", "iss", "aud", "iat", "nbf", "exp", "jti", "client_id"] {
        assert_eq!(said[name], claims[name], "{name}");
    }
    assert_eq!((&claims["roles"], &said["roles"]), (&json!([]), &json!(["subscriber"])));
    assert_snapshot!(format!("{:?}", said.as_object().unwrap().keys().collect::<Vec<_>>()), @r#"["active", "aud", "client_id", "exp", "iat", "iss", "jti", "nbf", "roles", "sid", "sub", "token_type"]"#);
    assert_eq!((&said["active"], &said["token_type"]), (&json!(true), &json!("Bearer")));
}

#[tokio::test]
async fn the_current_refresh_token_is_active_and_its_predecessor_is_not() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let client = Client::new(&server, &root, "films").await;
    let said = client.introspect(&user.refresh_token).await;
    assert_eq!((&said["active"], &said["sub"]), (&json!(true), &json!(user.id)));
    assert_eq!(said["token_type"], "refresh_token");
    assert!(said["exp"].as_i64() > said["iat"].as_i64());
    // Introspection does not consume the token.
    let next = server.guest().refresh(&user.refresh_token).await.ok();
    let next = next["refresh_token"].as_str().unwrap();
    assert_eq!(client.introspect(&user.refresh_token).await, json!({ "active": false }));
    assert_eq!(client.introspect(next).await["active"], true);
    server.clock.advance(TimeDelta::days(31));
    assert_eq!(client.introspect(next).await, json!({ "active": false }));
}

#[tokio::test]
async fn anything_else_is_inactive_without_details() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let client = Client::new(&server, &root, "films").await;
    let foreign = server.replica(&[("AUTH_AUDIENCE", "else")]).await;
    let foreign = foreign.log_in("ada").await;
    let strange = tests::token::unknown_key();
    let (header, claims) = read(user.token());
    let forged = tests::token::signed(&header, &claims, &strange);
    let cut = &user.token()[..user.token().len() - 2];
    let long = "x".repeat(20_000);
    let (refresh, other) = (format!("{}A", user.refresh_token), &user.refresh_token[..70]);
    for token in [
        "",
        "x",
        "a.b.c",
        "rt_",
        "\u{0}",
        "é",
        "\u{1F511}.",
        cut,
        &forged,
        &long,
        &refresh,
        other,
        foreign.token(),
        &client.secret,
    ] {
        assert_eq!(client.introspect(token).await, json!({ "active": false }), "{token:.40}");
    }
    // Tokens of an ended session, and expired ones.
    let elsewhere = server.log_in("ada").await;
    elsewhere.log_out().await.expect(204, "");
    for token in [elsewhere.token(), &elsewhere.refresh_token] {
        assert_eq!(client.introspect(token).await, json!({ "active": false }));
    }
    assert_eq!(client.introspect(user.token()).await["active"], true);
    server.clock.advance(TimeDelta::seconds(310));
    assert_eq!(client.introspect(user.token()).await, json!({ "active": false }));
}

#[tokio::test]
async fn introspection_is_unavailable_if_revocations_are_unknown() {
    let (proxy, url) = Proxy::to_url(&setting("REDIS_URL")).await;
    let server = TestServer::with(&[("REDIS_URL", &url)]).await;
    let root = server.superuser().await;
    let client = Client::new(&server, &root, "films").await;
    assert_eq!(client.introspect(root.token()).await["active"], true);
    proxy.cut();
    // The database, which the server asks instead, answers only the lookup of the client.
    server.database.execute("ALTER TABLE revocations RENAME TO away").await;
    until("uncertain", async || client.call("introspect", root.token()).await.status == 503).await;
    let answer = client.call("introspect", root.token()).await;
    assert_eq!(answer.expect(503, "revocation_unknown").header("retry-after"), "1");
    assert_eq!(client.introspect("x").await, json!({ "active": false }));
}
