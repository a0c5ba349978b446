//! Sessions of one account on many devices.

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

#[tokio::test(flavor = "multi_thread")]
async fn logins_of_one_account_at_once_all_succeed() {
    let server = TestServer::start().await;
    server.register("ada").await;
    let users = join_all((0..15).map(|_| server.log_in("ada"))).await;
    for user in users {
        user.get("me").await.expect(200, "");
    }
}
