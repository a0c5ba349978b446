//! Two servers on one database and one Redis.

use std::time::Duration;

use serde_json::json;
use tests::{NEW_PASSWORD, TestServer, until};

use crate::check::may_read_new;
use crate::rules::{create_rule, rule};
use crate::users::{grant, revoke};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_reaches_every_server_within_a_second() {
    let one = TestServer::start().await;
    let two = one.replica(&[]).await;
    for round in 0..5 {
        let user = one.register(&format!("user{round}")).await;
        let there = user.at(&two.url);
        there.get("me").await.expect(200, "");
        user.log_out().await.expect(204, "");
        let took = until("logged out", async || there.get("me").await.status == 401).await;
        assert!(took < SECOND, "{took:?}");
        there.get("me").await.expect(401, "token_revoked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_reaches_every_server_within_a_second_without_redis() {
    let one = TestServer::with(&[("REDIS_URL", "")]).await;
    let two = one.replica(&[]).await;
    let user = one.register("ada").await;
    let there = user.at(&two.url);
    there.get("me").await.expect(200, "");
    user.log_out().await.expect(204, "");
    let took = until("logged out", async || there.get("me").await.status == 401).await;
    assert!(took < SECOND, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_the_sessions_on_every_server() {
    let one = TestServer::start().await;
    let two = one.replica(&[]).await;
    let here = one.register("ada").await;
    let elsewhere = two.log_in("ada").await;
    let new = NEW_PASSWORD;
    let body = json!({ "current_password": tests::PASSWORD, "new_password": new });
    here.put("me/password", &body).await.expect(204, "");
    let took = until("logged out", async || elsewhere.get("me").await.status == 401).await;
    assert!(took < SECOND, "{took:?}");
    here.at(&two.url).get("me").await.expect(200, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_and_a_grant_reach_every_server_within_a_second() {
    let one = TestServer::start().await;
    let two = one.replica(&[]).await;
    let (root, user) = (one.superuser().await, one.register("ada").await);
    let there = user.at(&two.url);
    assert!(!may_read_new(&there).await);
    grant(&root, &user.id, "subscriber").await;
    let took = until("granted", async || may_read_new(&there).await).await;
    assert!(took < SECOND, "{took:?}");
    revoke(&root, &user.id, "subscriber").await;
    let took = until("taken", async || !may_read_new(&there).await).await;
    assert!(took < SECOND, "{took:?}");
    create_rule(&root, 50, "anonymous", "label:new", "allow").await;
    let guest = two.guest();
    let took = until("opened", async || may_read_new(&guest).await).await;
    assert!(took < SECOND, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_server_answers_at_the_revision_of_a_write_if_asked() {
    let one = TestServer::start().await;
    let two = one.replica(&[]).await;
    let root = one.superuser().await;
    for number in 0..20 {
        let made = root
            .post("rules", &rule(50, "anonymous", &format!("film:f{number}"), "read", "deny"))
            .await
            .ok();
        let film = json!({ "type": "film", "id": format!("f{number}"), "labels": [] });
        let question = json!({ "action": "read", "resource": film, "at_least": made["revision"] });
        assert_eq!(two.guest().post("check", &question).await.ok()["allowed"], false);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writes_on_two_servers_all_apply_on_both() {
    let one = TestServer::start().await;
    let two = one.replica(&[]).await;
    let root = one.superuser().await;
    two.wait_for_revision(2).await;
    let writes = (0..20).map(async |number| {
        let server = if number % 2 == 0 { &one } else { &two };
        let body = rule(50, "anonymous", &format!("film:f{number}"), "read", "deny");
        root.at(&server.url).post("rules", &body).await.expect(201, "");
    });
    futures::future::join_all(writes).await;
    one.wait_for_revision(22).await;
    two.wait_for_revision(22).await;
    for server in [&one, &two] {
        let films = (0..20).map(|n| json!({ "type": "film", "id": format!("f{n}"), "labels": [] }));
        let body = json!({ "action": "read", "resources": films.collect::<Vec<_>>() });
        let answer = server.guest().post("check/batch", &body).await.ok();
        assert!(answer["items"].as_array().unwrap().iter().all(|item| item["allowed"] == false));
    }
}

#[tokio::test]
async fn a_token_of_one_server_is_valid_at_the_other() {
    let one = TestServer::start().await;
    let two = one.replica(&[]).await;
    let user = one.register("ada").await;
    user.at(&two.url).get("me").await.expect(200, "");
    two.guest().refresh(&user.refresh_token).await.expect(200, "");
}
