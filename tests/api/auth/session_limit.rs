//! The limit of sessions per account.

use chrono::TimeDelta;
use futures::future::join_all;
use tests::TestServer;

#[tokio::test]
async fn a_session_beyond_the_limit_ends_the_one_idle_the_longest() {
    let server = TestServer::with(&[("AUTH_MAX_SESSIONS", "3")]).await;
    let first = server.register("ada").await;
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(server.log_in("ada").await);
    }
    first.get("me").await.expect(401, "token_revoked");
    for user in others {
        user.get("me").await.expect(200, "");
    }
}

#[tokio::test]
async fn the_least_recently_used_session_is_ended_not_the_oldest() {
    let server = TestServer::with(&[("AUTH_MAX_SESSIONS", "2")]).await;
    let (first, second) = (server.register("ada").await, server.log_in("ada").await);
    server.clock.advance(TimeDelta::seconds(30));
    server.guest().refresh(&first.refresh_token).await.expect(200, "");
    server.log_in("ada").await;
    first.get("me").await.expect(200, "");
    second.get("me").await.expect(401, "token_revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_logins_never_exceed_the_session_limit() {
    let server = TestServer::with(&[("AUTH_MAX_SESSIONS", "4")]).await;
    server.register("ada").await;
    let users = join_all((0..12).map(|_| server.log_in("ada"))).await;
    let live = "SELECT count(*) FROM sessions WHERE ended_at IS NULL";
    assert_eq!(server.database.count(live).await, 4);
    let answers = join_all(users.iter().map(|user| user.get("me"))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_logins_of_one_account_all_succeed() {
    let server = TestServer::start().await;
    server.register("ada").await;
    let users = join_all((0..15).map(|_| server.log_in("ada"))).await;
    for user in users {
        user.get("me").await.expect(200, "");
    }
}
