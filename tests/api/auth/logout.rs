//! `POST /api/v1/auth/logout` and `POST /api/v1/auth/logout/others`

use chrono::TimeDelta;
use futures::future::join_all;
use insta::assert_snapshot;
use tests::{Answer, Caller, TestServer};

#[tokio::test]
async fn logout_ends_the_current_session_immediately_and_no_other() {
    let server = TestServer::start().await;
    let here = server.register("ada").await;
    let elsewhere = server.log_in("ada").await;
    here.get("me").await.expect(200, "");
    here.log_out().await.expect(204, "");
    assert_snapshot!(here.get("me").await.expect(401, "token_revoked"), @r#"
    401
    {
      "code": "token_revoked",
      "status": 401,
      "title": "The session of this access token has ended.",
      "type": "about:blank"
    }
    "#);
    elsewhere.get("me").await.expect(200, "");
}

#[tokio::test]
async fn logging_out_is_idempotent_and_works_with_an_expired_token() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    user.log_out().await.expect(204, "");
    user.log_out().await.expect(204, "");
    let late = server.register("grace").await;
    server.clock.advance(TimeDelta::minutes(10));
    late.get("me").await.expect(401, "token_expired");
    late.log_out().await.expect(204, "");
    let body = serde_json::json!({ "refresh_token": late.refresh_token });
    server.guest().post("auth/refresh", &body).await.expect(401, "refresh_token_invalid");
}

async fn log_out_others(caller: &Caller) -> Answer {
    caller.post_empty("auth/logout/others").await
}

#[tokio::test]
async fn logging_out_others_ends_all_other_sessions_immediately() {
    let server = TestServer::start().await;
    let (first, here) = (server.register("ada").await, server.log_in("ada").await);
    let (third, stranger) = (server.log_in("ada").await, server.register("bob").await);
    log_out_others(&here).await.expect(204, "");
    for user in [&first, &third] {
        user.get("me").await.expect(401, "token_revoked");
        server.guest().refresh(&user.refresh_token).await.expect(401, "refresh_token_invalid");
    }
    for user in [&here, &stranger] {
        user.get("me").await.expect(200, "");
        server.guest().refresh(&user.refresh_token).await.expect(200, "");
    }
    // Later logins are not affected.
    server.log_in("ada").await.get("me").await.expect(200, "");
}

#[tokio::test]
async fn one_revocation_covers_all_other_sessions() {
    let server = TestServer::start().await;
    let here = server.register("ada").await;
    for _ in 0..12 {
        server.log_in("ada").await;
    }
    log_out_others(&here).await.expect(204, "");
    assert_eq!(server.database.count("SELECT count(*) FROM revocations").await, 1);
    let left = "SELECT count(*) FROM sessions WHERE ended_at IS NULL";
    assert_eq!(server.database.count(left).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sessions_that_log_each_other_out_concurrently_one_survives() {
    let server = TestServer::start().await;
    // A replica, which may not know yet that the calling session has ended.
    let replica = server.replica(&[]).await;
    server.register("ada").await;
    for _ in 0..5 {
        let users = join_all((0..6).map(|_| server.log_in("ada"))).await;
        let callers = users.iter().enumerate().map(|(number, user)| {
            if number % 2 == 0 { user.caller.clone() } else { user.at(&replica.url) }
        });
        let callers: Vec<Caller> = callers.collect();
        let answers = join_all(callers.iter().map(log_out_others)).await;
        let won = answers.iter().filter(|answer| answer.status == 204).count();
        assert_eq!(won, 1, "{answers:#?}");
        for (user, answer) in users.iter().zip(answers) {
            if answer.status == 204 {
                user.get("me").await.expect(200, "");
                server.guest().refresh(&user.refresh_token).await.expect(200, "");
            } else {
                answer.expect(401, "token_revoked");
                server
                    .guest()
                    .refresh(&user.refresh_token)
                    .await
                    .expect(401, "refresh_token_invalid");
            }
        }
    }
}

#[tokio::test]
async fn the_grace_period_of_the_current_session_survives_logging_out_others() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    server.guest().refresh(&user.refresh_token).await.expect(200, "");
    log_out_others(&user).await.expect(204, "");
    server.guest().refresh(&user.refresh_token).await.expect(200, "");
}
