//! The effect of a second factor on sessions, and of a new server secret on second factors.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::json;
use tests::{AuthenticatorApp, PASSWORD, TestServer, User, current_password, until};

use super::second_factor::{remove, renew};

#[tokio::test]
async fn every_change_ends_the_other_sessions_and_the_grace_period() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let refresh = async |token: &str| server.guest().refresh(token).await;
    let elsewhere = server.log_in("ada").await;
    refresh(&user.refresh_token).await.expect(200, "");
    let (app, _) = server.enroll(&user).await;
    elsewhere.get("me").await.expect(401, "token_revoked");
    refresh(&elsewhere.refresh_token).await.expect(401, "refresh_token_invalid");
    user.get("me").await.expect(200, "");
    // Without the change the grace period would return its successor.
    refresh(&user.refresh_token).await.expect(401, "refresh_token_invalid");

    let (user, elsewhere) = (log_in_with_code(&server, &app, 1).await, {
        server.clock.advance(TimeDelta::minutes(2));
        log_in_with_code(&server, &app, 0).await
    });
    renew(&user, &current_password()).await.expect(200, "");
    elsewhere.get("me").await.expect(401, "token_revoked");
    server.clock.advance(TimeDelta::minutes(1));
    let elsewhere = log_in_with_code(&server, &app, 0).await;
    remove(&user, &current_password()).await.expect(204, "");
    elsewhere.get("me").await.expect(401, "token_revoked");
    user.get("me").await.expect(200, "");
}

/// Logs in with the code of a later step.
async fn log_in_with_code(server: &TestServer, app: &AuthenticatorApp, steps: i32) -> User {
    let challenge = server.challenge("ada").await;
    let body = json!({ "challenge": challenge, "code": app.code_after(server, steps) });
    let tokens = server.guest().post("auth/login/second-factor", &body).await.ok();
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let caller = server.as_user(&text("access_token"));
    User { id: String::new(), login: "ada".into(), refresh_token: text("refresh_token"), caller }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_without_a_second_factor_survives_its_activation() {
    let server = TestServer::start().await;
    for round in 0..5 {
        let login = format!("user-{round}");
        let user = server.register(&login).await;
        let body = json!({ "login": login, "password": PASSWORD });
        let logins = (0..10).map(|_| async { server.guest().post("auth/login", &body).await.ok() });
        let (_, answers) = tokio::join!(server.enroll(&user), join_all(logins));
        for answer in answers {
            if let Some(token) = answer["access_token"].as_str() {
                server.as_user(token).get("me").await.expect(401, "token_revoked");
            } else {
                assert_eq!(answer["mfa_required"], true);
            }
        }
        user.get("me").await.expect(200, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_sessions_that_confirm_concurrently_one_ends_the_other() {
    let server = TestServer::start().await;
    for round in 0..5 {
        let login = format!("user-{round}");
        let (one, two) = (server.register(&login).await, server.log_in(&login).await);
        let app =
            AuthenticatorApp::scan(&one.post("me/second-factor", &current_password()).await.ok());
        let code = json!({ "code": app.code(&server) });
        let answers = tokio::join!(
            one.post("me/second-factor/confirm", &code),
            two.post("me/second-factor/confirm", &code),
        );
        let statuses = [answers.0.status, answers.1.status];
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        let (winner, loser) = if statuses[0] == 200 { (&one, &two) } else { (&two, &one) };
        winner.get("me").await.expect(200, "");
        loser.get("me").await.expect(401, "token_revoked");
    }
}

#[tokio::test]
async fn a_challenge_is_bound_to_the_second_factor_it_was_issued_for() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    server.enroll(&user).await;
    let challenge = server.challenge("ada").await;
    remove(&user, &current_password()).await.expect(204, "");
    let (app, _) = server.enroll(&user).await;
    let body = json!({ "challenge": challenge, "code": app.code_after(&server, 1) });
    let answer = server.guest().post("auth/login/second-factor", &body).await;
    answer.expect(401, "challenge_invalid");
}

#[tokio::test]
async fn a_second_factor_survives_a_change_of_the_servers_secret() {
    let (old, new) = ("5e".repeat(32), "6f".repeat(32));
    let step = [("AUTH_SECRET", old.as_str()), ("AUTH_SECRET_NEXT", &new)];
    let server = TestServer::with(&step).await;
    let user = server.register("ada").await;
    let (app, _) = server.enroll(&user).await;
    let encrypted = "SELECT count(*) FROM second_factors WHERE secret = (SELECT secret FROM kept)";
    server.database.execute("CREATE TABLE kept AS SELECT secret FROM second_factors").await;
    let both = [("AUTH_SECRET", new.as_str()), ("AUTH_SECRET_PREVIOUS", old.as_str())];
    let turning = server.replica(&both).await;
    until("re-encrypted", async || server.database.count(encrypted).await == 0).await;
    turning.clock.advance(TimeDelta::minutes(1));
    log_in_with_code(&turning, &app, 0).await;
    let turned = server.replica(&both[..1]).await;
    turned.clock.advance(TimeDelta::minutes(2));
    log_in_with_code(&turned, &app, 0).await;
}
