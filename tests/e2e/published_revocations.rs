//! Commands that end sessions tell running servers at once, as the API does.

use std::time::Duration;

use tests::program::AUTH_SERVER;
use tests::{Redis, TestServer, until};

use crate::{settings, with};

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_end_sessions_publish_the_revocation() {
    let redis = Redis::start();
    let one = TestServer::with(&[("REDIS_URL", &redis.url())]).await;
    let two = one.replica(&[]).await;
    let settings = with(&settings(&one.database), "REDIS_URL", &redis.url());
    for command in [["sessions", "end"], ["user", "disable"], ["user", "reset-second-factor"]] {
        let user = one.register(command[1]).await;
        let before = redis.revocations().await;
        one.enroll(&user).await;
        // A second factor ends the other sessions; the server publishes that in the background.
        until("published", async || redis.revocations().await == before + 1).await;
        let known = before + 1;
        let ran = AUTH_SERVER.run(&[command[0], command[1], &user.login], &settings, "");
        assert_eq!(ran.status, Some(0), "{ran:?}");
        assert_eq!(redis.revocations().await, known + 1, "{command:?}");
        for server in [&one, &two] {
            let there = user.at(&server.url);
            let took = until("refused", async || there.get("me").await.status == 401).await;
            assert!(took < Duration::from_secs(1), "{command:?}: {took:?}");
        }
    }
}

#[tokio::test]
async fn an_unavailable_redis_does_not_fail_a_command() {
    let mut redis = Redis::start();
    let server = TestServer::with(&[("REDIS_URL", &redis.url())]).await;
    let user = server.register("ada").await;
    redis.kill();
    let settings = with(&settings(&server.database), "REDIS_URL", &redis.url());
    let ran = AUTH_SERVER.run(&["sessions", "end", "ada"], &settings, "");
    assert!(ran.status == Some(0) && ran.stderr.contains("cannot send"), "{ran:?}");
    until("refused", async || user.get("me").await.status == 401).await;
}
