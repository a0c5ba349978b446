//! Sessions of one account on many devices.

use chrono::TimeDelta;
use futures::future::join_all;
use tests::TestServer;

#[tokio::test]
async fn one_session_too_many_ends_the_one_that_was_idle_for_longest() {
    let server = TestServer::with(&[("AUTH_SESSIONS", "3")]).await;
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
async fn the_session_that_makes_room_is_the_one_that_nobody_used_not_the_oldest() {
    let server = TestServer::with(&[("AUTH_SESSIONS", "2")]).await;
    let (first, second) = (server.register("ada").await, server.log_in("ada").await);
    server.clock.advance(TimeDelta::seconds(30));
    server.guest().refresh(&first.refresh_token).await.expect(200, "");
    server.log_in("ada").await;
    first.get("me").await.expect(200, "");
    second.get("me").await.expect(401, "token_revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_sign_in_at_once_there_are_never_more_sessions_than_allowed() {
    let server = TestServer::with(&[("AUTH_SESSIONS", "4")]).await;
    server.register("ada").await;
    let users = join_all((0..12).map(|_| server.log_in("ada"))).await;
    let live = "SELECT count(*) FROM sessions WHERE ended_at IS NULL";
    assert_eq!(server.database.count(live).await, 4);
    let answers = join_all(users.iter().map(|user| user.get("me"))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_of_one_account_at_once_all_succeed() {
    let server = TestServer::start().await;
    server.register("ada").await;
    let users = join_all((0..15).map(|_| server.log_in("ada"))).await;
    for user in users {
        user.get("me").await.expect(200, "");
    }
}
