//! Expired tokens, tokens from the future and tokens of ended sessions.

use chrono::TimeDelta;
use insta::assert_snapshot;
use tests::TestServer;

use super::{is_logout, with_token};

#[tokio::test]
async fn an_access_token_expires_after_five_minutes() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    user.get("me").await.expect(200, "");
    server.clock.advance(TimeDelta::seconds(295));
    user.get("me").await.expect(200, "");
    // Five seconds of clock skew are tolerated.
    server.clock.advance(TimeDelta::seconds(11));
    assert_snapshot!(user.get("me").await.expect(401, "token_expired"), @r#"
    401
    {
      "code": "token_expired",
      "detail": "Get the next one with the refresh token, and repeat the request; without one, log in again.",
      "status": 401,
      "title": "The access token is expired or not valid yet.",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test]
async fn no_operation_accepts_an_expired_token_cached_or_not() {
    let server = TestServer::start().await;
    let (seen, unseen) = (server.register("seen").await, server.register("unseen").await);
    seen.get("me").await.expect(200, "");
    server.clock.advance(TimeDelta::seconds(306));
    for sample in with_token(&server, &seen).await {
        if !is_logout(&sample.operation) {
            sample.send(&seen).await.expect(401, "token_expired");
            sample.send(&unseen).await.expect(401, "token_expired");
        }
    }
}

#[tokio::test]
async fn a_token_from_the_future_is_rejected_until_its_time_comes() {
    let server = TestServer::start().await;
    server.register("ada").await;
    let ahead = server.replica(&[]).await;
    ahead.clock.advance(TimeDelta::seconds(60));
    let token = ahead.log_in("ada").await.token().to_owned();
    server.as_user(&token).get("me").await.expect(401, "token_expired");
    server.clock.advance(TimeDelta::seconds(60));
    server.as_user(&token).get("me").await.expect(200, "");
}

#[tokio::test]
async fn no_operation_accepts_the_token_of_an_ended_session() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let samples = with_token(&server, &user).await;
    user.log_out().await.expect(204, "");
    for sample in samples {
        if !is_logout(&sample.operation) {
            sample.send(&user).await.expect(401, "token_revoked");
        }
    }
}

#[tokio::test]
async fn a_server_started_after_a_logout_rejects_the_token() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    user.log_out().await.expect(204, "");
    let late = server.replica(&[("REDIS_URL", "")]).await;
    user.at(&late.url).get("me").await.expect(401, "token_revoked");
}
