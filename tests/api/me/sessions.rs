//! `GET /api/v1/me/sessions` and `DELETE /api/v1/me/sessions/{id}`

use chrono::TimeDelta;
use futures::future::join_all;
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{PASSWORD, TestServer, User};

/// Ids of the sessions that the user sees, most recently used first.
async fn seen(user: &User) -> Vec<String> {
    let list = user.get("me/sessions").await.ok();
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_user_sees_every_session_and_which_one_is_current() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    server.register("bob").await;
    server.clock.advance(TimeDelta::seconds(1));
    let guest = server.guest();
    let body = json!({ "login": "ada", "password": PASSWORD });
    let login = guest.request(Method::POST, "auth/login").json(&body);
    let browser = format!("Browser/7 (Ö) {}", "x".repeat(300));
    let login = login.header("user-agent", browser.as_bytes());
    guest.send(login).await.expect(200, "");
    let answer = user.get("me/sessions").await;
    let long = answer.json()["items"][0]["device"].as_str().unwrap().to_owned();
    assert!(long.chars().count() == 200 && long.starts_with("Browser/7 "), "{long}");
    let shown = answer.to_string().replace(&long, "[device]");
    assert_snapshot!(shown, @r#"
    200
    {
      "items": [
        {
          "address": "127.0.0.1",
          "created_at": "[time]",
          "current": false,
          "device": "[device]",
          "id": "[id]",
          "last_seen_at": "[time]"
        },
        {
          "address": "127.0.0.1",
          "created_at": "[time]",
          "current": true,
          "device": null,
          "id": "[id]",
          "last_seen_at": "[time]"
        }
      ],
      "next": null
    }
    "#);
    assert_eq!(answer.json()["items"][1]["id"], user.session());
}

#[tokio::test]
async fn sessions_are_listed_by_last_use_without_ended_ones() {
    let server = TestServer::start().await;
    let (first, second) = (server.register("ada").await, server.log_in("ada").await);
    let third = server.log_in("ada").await;
    third.log_out().await.expect(204, "");
    assert_eq!(seen(&first).await, [second.session(), first.session()]);
    server.clock.advance(TimeDelta::days(20));
    let next = server.guest().refresh(&first.refresh_token).await.ok();
    let mut first = first;
    first.caller = server.as_user(next["access_token"].as_str().unwrap());
    assert_eq!(seen(&first).await, [first.session(), second.session()]);
    let list = first.get("me/sessions").await.ok();
    assert!(list["items"][0]["created_at"] != list["items"][0]["last_seen_at"], "{list}");
    // The other session has been idle for thirty days.
    server.clock.advance(TimeDelta::days(10));
    let first = server.log_in("ada").await;
    assert_eq!(seen(&first).await.len(), 2);
    assert!(!seen(&first).await.contains(&second.session()));
}

#[tokio::test]
async fn revoking_a_session_ends_it_immediately_and_no_other() {
    let server = TestServer::start().await;
    let (here, lost) = (server.register("ada").await, server.log_in("ada").await);
    let third = server.log_in("ada").await;
    lost.get("me").await.expect(200, "");
    let path = format!("me/sessions/{}", lost.session());
    here.delete(&path).await.expect(204, "");
    lost.get("me").await.expect(401, "token_revoked");
    server.guest().refresh(&lost.refresh_token).await.expect(401, "refresh_token_invalid");
    for user in [&here, &third] {
        user.get("me").await.expect(200, "");
    }
    assert_snapshot!(here.delete(&path).await.expect(404, "session_not_found"), @r#"
    404
    {
      "code": "session_not_found",
      "status": 404,
      "title": "You have no active session with this id.",
      "type": "about:blank"
    }
    "#);
    // The current session can be revoked, too.
    here.delete(&format!("me/sessions/{}", here.session())).await.expect(204, "");
    here.get("me").await.expect(401, "token_revoked");
}

#[tokio::test]
async fn the_sessions_of_another_user_cannot_be_seen_or_revoked() {
    let server = TestServer::start().await;
    let (user, root) = (server.register("ada").await, server.superuser().await);
    let other = server.register("bob").await;
    let path = format!("me/sessions/{}", user.session());
    for stranger in [&other, &root] {
        assert!(!seen(stranger).await.contains(&user.session()));
        stranger.delete(&path).await.expect(404, "session_not_found");
    }
    let nobodys = "me/sessions/00000000-0000-4000-8000-000000000000";
    user.delete(nobodys).await.expect(404, "session_not_found");
    user.get("me").await.expect(200, "");
    server.guest().refresh(&user.refresh_token).await.expect(200, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_revocations_of_a_session_one_succeeds() {
    let server = TestServer::start().await;
    let (here, lost) = (server.register("ada").await, server.log_in("ada").await);
    let path = format!("me/sessions/{}", lost.session());
    let answers = join_all((0..10).map(|_| here.delete(&path))).await;
    let ended = answers.iter().filter(|answer| answer.status == 204).count();
    assert_eq!(ended, 1, "{answers:#?}");
    assert_eq!(server.database.count("SELECT count(*) FROM revocations").await, 1);
}

#[tokio::test]
async fn the_list_of_sessions_contains_no_token() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let answer = user.get("me/sessions").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!answer.text.contains("eyJ") && !answer.text.contains("rt_"), "{answer:?}");
    let item = answer.ok()["items"][0].clone();
    assert_eq!(item["current"], Value::Bool(true));
}
