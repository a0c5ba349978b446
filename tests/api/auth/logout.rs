//! `POST /api/v1/auth/logout`

use chrono::TimeDelta;
use insta::assert_snapshot;
use reqwest::Method;
use tests::{Answer, Caller, TestServer};

async fn log_out(caller: &Caller) -> Answer {
    caller.send(caller.request(Method::POST, "auth/logout")).await
}

#[tokio::test]
async fn logout_ends_this_session_at_once_and_no_other() {
    let server = TestServer::start().await;
    let here = server.register("ada").await;
    let elsewhere = server.log_in("ada").await;
    here.get("me").await.expect(200, "");
    log_out(&here).await.expect(204, "");
    assert_snapshot!(here.get("me").await.expect(401, "token_revoked"), @r#"
    401
    {
      "code": "token_revoked",
      "status": 401,
      "title": "The session of this token has ended.",
      "type": "about:blank"
    }
    "#);
    elsewhere.get("me").await.expect(200, "");
}

#[tokio::test]
async fn logging_out_twice_or_late_is_no_error() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    log_out(&user).await.expect(204, "");
    log_out(&user).await.expect(204, "");
    let late = server.register("grace").await;
    server.clock.advance(TimeDelta::minutes(10));
    late.get("me").await.expect(401, "token_expired");
    log_out(&late).await.expect(204, "");
    let body = serde_json::json!({ "refresh_token": late.refresh_token });
    server.guest().post("auth/refresh", &body).await.expect(401, "refresh_token_invalid");
}
