//! `POST /api/v1/oauth/revoke`

use chrono::TimeDelta;
use reqwest::Method;
use tests::TestServer;

use super::Client;

#[tokio::test]
async fn revoking_either_token_ends_its_session_immediately_and_no_other() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let client = Client::new(&server, &root, "films").await;
    server.register("ada").await;
    let other = server.log_in("ada").await;
    for by_refresh_token in [false, true] {
        let user = server.log_in("ada").await;
        user.get("me").await.expect(200, "");
        let token = if by_refresh_token { user.refresh_token.as_str() } else { user.token() };
        let answer = client.call("revoke", token).await.expect(200, "");
        assert_eq!((answer.text.as_str(), answer.header("cache-control")), ("", "no-store"));
        user.get("me").await.expect(401, "token_revoked");
        server.guest().refresh(&user.refresh_token).await.expect(401, "refresh_token_invalid");
        // Revoking it again is not an error.
        client.call("revoke", token).await.expect(200, "");
    }
    other.get("me").await.expect(200, "");
    let ended = "SELECT count(*) FROM sessions WHERE end_reason = 'revoked_by_client'";
    assert_eq!(server.database.count(ended).await, 2);
}

#[tokio::test]
async fn a_revocation_reaches_the_other_servers() {
    let server = TestServer::start().await;
    let (root, other) = (server.superuser().await, server.replica(&[]).await);
    let client = Client::new(&server, &root, "films").await;
    let user = server.register("ada").await;
    user.at(&other.url).get("me").await.expect(200, "");
    client.call("revoke", user.token()).await.expect(200, "");
    let there = user.at(&other.url);
    tests::until("heard", async || there.get("me").await.status == 401).await;
}

#[tokio::test]
async fn an_expired_or_replaced_token_still_ends_its_session() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let client = Client::new(&server, &root, "films").await;
    let (expired, replaced) = (server.register("expired").await, server.register("replaced").await);
    let next = server.guest().refresh(&replaced.refresh_token).await.ok();
    server.clock.advance(TimeDelta::seconds(400));
    client.call("revoke", expired.token()).await.expect(200, "");
    client.call("revoke", &replaced.refresh_token).await.expect(200, "");
    for token in [&expired.refresh_token, next["refresh_token"].as_str().unwrap()] {
        server.guest().refresh(token).await.expect(401, "refresh_token_invalid");
    }
}

#[tokio::test]
async fn revoking_an_unknown_token_is_not_an_error() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let client = Client::new(&server, &root, "films").await;
    let (header, claims) = tests::token::read(user.token());
    let forged = tests::token::signed(&header, &claims, &tests::token::unknown_key());
    let cut = &user.refresh_token[..user.refresh_token.len() - 1];
    for token in ["", "x", "rt_x", "\u{0}", &forged, cut, &user.id] {
        client.call("revoke", token).await.expect(200, "");
    }
    user.get("me").await.expect(200, "");
    let ended = "SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL";
    assert_eq!(server.database.count(ended).await, 0);
    // Only a form is accepted: a link cannot revoke anything.
    let link = user.request(Method::GET, &format!("oauth/revoke?token={}", user.token()));
    user.send(link).await.expect(405, "method_not_allowed");
}
