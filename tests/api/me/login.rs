//! `PUT /api/v1/me/login`

use chrono::TimeDelta;
use futures::future::join_all;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::{PASSWORD, TestServer};

fn change(login: &str) -> Value {
    json!({ "login": login, "current_password": PASSWORD })
}

#[tokio::test]
async fn a_new_login_applies_immediately_and_ends_the_other_sessions() {
    let server = TestServer::start().await;
    let (here, elsewhere) = (server.register("ada").await, server.log_in("ada").await);
    here.put("me/login", &change("Lovelace")).await.expect(204, "");
    elsewhere.get("me").await.expect(401, "token_revoked");
    server.guest().refresh(&elsewhere.refresh_token).await.expect(401, "refresh_token_invalid");
    assert_eq!(here.get("me").await.ok()["login"], "Lovelace");
    server.guest().log_in("ada", PASSWORD).await.expect(401, "credentials_invalid");
    server.guest().log_in("loveLACE", PASSWORD).await.expect(200, "");
    // The old login is free for others.
    server.register("ADA").await;
    server.clock.advance(TimeDelta::minutes(10));
    server.guest().refresh(&here.refresh_token).await.expect(200, "");
}

#[tokio::test]
async fn the_spelling_of_ones_own_login_can_be_changed() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    user.put("me/login", &change("Ada")).await.expect(204, "");
    assert_eq!(user.get("me").await.ok()["login"], "Ada");
    server.guest().log_in("aDA", PASSWORD).await.expect(200, "");
}

#[tokio::test]
async fn a_login_that_is_taken_is_refused_case_insensitively() {
    let server = TestServer::start().await;
    let (here, elsewhere) = (server.register("ada").await, server.log_in("ada").await);
    server.register("Renée").await;
    for taken in ["renée", "RENÉE", "rene\u{301}e"] {
        let answer = here.put("me/login", &change(taken)).await;
        assert_eq!(answer.expect(409, "login_taken").field(), "login");
    }
    assert_snapshot!(here.put("me/login", &change("renée")).await, @r#"
    409
    {
      "code": "login_taken",
      "field": "login",
      "status": 409,
      "title": "This login is taken.",
      "type": "about:blank"
    }
    "#);
    elsewhere.get("me").await.expect(200, "");
    server.guest().log_in("ada", PASSWORD).await.expect(200, "");
}

#[tokio::test]
async fn a_wrong_password_or_invalid_login_changes_nothing() {
    let server = TestServer::start().await;
    let (here, elsewhere) = (server.register("ada").await, server.log_in("ada").await);
    let wrong = json!({ "login": "lovelace", "current_password": "wrong" });
    let answer = here.put("me/login", &wrong).await;
    assert_snapshot!(answer.expect(403, "current_password_wrong"), @r#"
    403
    {
      "code": "current_password_wrong",
      "status": 403,
      "title": "The current password is incorrect.",
      "type": "about:blank"
    }
    "#);
    for login in ["", "ab", " lovelace", "love\u{200b}lace", &"x".repeat(65)] {
        let answer = here.put("me/login", &change(login)).await;
        assert_eq!(answer.expect(422, "field_invalid").field(), "login", "{login:?}");
    }
    elsewhere.get("me").await.expect(200, "");
    server.guest().log_in("ada", PASSWORD).await.expect(200, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_changes_to_one_login_one_succeeds() {
    let server = TestServer::start().await;
    let logins: Vec<String> = (0..8).map(|number| format!("user{number}")).collect();
    let users = join_all(logins.iter().map(|login| server.register(login))).await;
    let answers =
        join_all(users.iter().map(async |user| user.put("me/login", &change("grace")).await)).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|a| a.status == 204);
    assert_eq!(won.len(), 1);
    for answer in lost {
        answer.expect(409, "login_taken");
    }
    let count = "SELECT count(*) FROM users WHERE login_key = 'grace'";
    assert_eq!(server.database.count(count).await, 1);
}

#[tokio::test]
async fn the_login_of_a_deleted_account_cannot_be_changed() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    server.database.execute("DELETE FROM users").await;
    user.put("me/login", &change("lovelace")).await.expect(403, "current_password_wrong");
    assert_eq!(server.database.count("SELECT count(*) FROM users").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_sessions_that_change_the_login_concurrently_one_ends_the_other() {
    let server = TestServer::start().await;
    for round in 0..5 {
        let login = format!("user-{round}");
        let (one, two) = (server.register(&login).await, server.log_in(&login).await);
        let (first, second) = (change(&format!("one-{round}")), change(&format!("two-{round}")));
        let answers = tokio::join!(one.put("me/login", &first), two.put("me/login", &second));
        let one_won = answers.0.status == 204;
        let (winner, loser) = if one_won { (&one, &two) } else { (&two, &one) };
        let refused = if one_won { answers.1 } else { answers.0 };
        refused.expect(401, "token_revoked");
        winner.get("me").await.expect(200, "");
        loser.get("me").await.expect(401, "token_revoked");
    }
}
