//! `POST /api/v1/auth/login`

use insta::assert_snapshot;
use serde_json::json;
use tests::{PASSWORD, TestServer};

#[tokio::test]
async fn the_right_password_returns_a_token_pair() {
    let server = TestServer::start().await;
    server.register("ada").await;
    let answer = server.guest().log_in("ADA", PASSWORD).await;
    assert_snapshot!(answer, @r#"
    200
    {
      "access_token": "[access token]",
      "expires_in": 300,
      "refresh_token": "[refresh token]",
      "token_type": "Bearer"
    }
    "#);
    assert_eq!(answer.header("cache-control"), "no-store");
    let caller = server.as_user(answer.json()["access_token"].as_str().unwrap());
    assert!(!caller.get("me").await.ok()["last_login_at"].is_null());
}

#[tokio::test]
async fn an_unknown_login_a_wrong_password_and_a_disabled_account_get_the_same_answer() {
    let server = TestServer::start().await;
    server.register("ada").await;
    server.register("locked").await;
    server.database.execute("UPDATE users SET disabled_at = now() WHERE login = 'locked'").await;
    let log_in = async |login: &str, password: &str| {
        server.guest().log_in(login, password).await.expect(401, "credentials_invalid")
    };
    let wrong = log_in("ada", "wrong").await;
    assert_snapshot!(wrong, @r#"
    401
    {
      "code": "credentials_invalid",
      "status": 401,
      "title": "Incorrect login or password.",
      "type": "about:blank"
    }
    "#);
    for other in [
        log_in("nobody", PASSWORD).await,
        log_in("locked", PASSWORD).await,
        log_in("", "").await,
        log_in("a'; DROP TABLE users; --", &"x".repeat(10_000)).await,
        log_in("\u{feff}\u{1F4A9}", "\u{202e}").await,
    ] {
        assert_eq!(other.text, wrong.text);
        let names = |answer: &tests::Answer| -> Vec<String> {
            answer.headers.keys().map(ToString::to_string).collect()
        };
        assert_eq!(names(&other), names(&wrong));
    }
}

#[tokio::test]
async fn a_password_matches_in_any_unicode_normalization() {
    let server = TestServer::start().await;
    let body = |password: &str| json!({ "login": "ada", "password": password });
    let (composed, decomposed) =
        ("caf\u{e9} au lait \u{e0} minuit", "cafe\u{301} au lait a\u{300} minuit");
    server.guest().post("auth/register", &body(composed)).await.expect(201, "");
    server.guest().post("auth/login", &body(decomposed)).await.expect(200, "");
}
