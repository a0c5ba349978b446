//! `PUT /api/v1/me/user-agents`, and its effect on logins.

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Caller, PASSWORD, TestServer};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

async fn send_from(
    caller: &Caller,
    agent: &str,
    method: Method,
    path: &str,
    body: &Value,
) -> Answer {
    caller.send(caller.request(method, path).header("user-agent", agent).json(body)).await
}

/// Sets the list from Firefox.
async fn allow(caller: &Caller, list: &Value) -> Answer {
    let body = json!({ "allowed": list, "current_password": PASSWORD });
    send_from(caller, FIREFOX, Method::PUT, "me/user-agents", &body).await
}

async fn log_in(server: &TestServer, agent: &str, password: &str) -> Answer {
    let body = json!({ "login": "ada", "password": password });
    send_from(&server.guest(), agent, Method::POST, "auth/login", &body).await
}

#[tokio::test]
async fn a_login_from_another_user_agent_is_refused_if_the_password_is_right() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    assert_eq!(user.get("me").await.ok()["allowed_user_agents"], Value::Null);
    allow(&user, &json!(["firefox", "Films/2"])).await.expect(204, "");
    assert_eq!(user.get("me").await.ok()["allowed_user_agents"], json!(["firefox", "Films/2"]));
    assert_snapshot!(log_in(&server, "curl/8", PASSWORD).await, @r#"
    403
    {
      "code": "agent_not_allowed",
      "status": 403,
      "title": "This account does not accept logins from this user agent; use a client that its owner allows.",
      "type": "about:blank"
    }
    "#);
    let silent = server.guest().log_in("ada", PASSWORD).await;
    silent.expect(403, "agent_not_allowed");
    // A wrong password does not reveal the list.
    let guess = log_in(&server, "curl/8", "wrong").await.expect(401, "credentials_invalid");
    assert_eq!(guess.text, log_in(&server, FIREFOX, "wrong").await.text);
    log_in(&server, FIREFOX, PASSWORD).await.expect(200, "");
    log_in(&server, "films/2.1 (Android)", PASSWORD).await.expect(200, "");
    let history = user.get("me/history?outcome=agent_not_allowed").await.ok();
    let agents: Vec<&Value> =
        history["items"].as_array().unwrap().iter().map(|item| &item["user_agent"]).collect();
    assert_eq!(agents, [&Value::Null, &json!("curl/8")]);
    assert_eq!(server.database.count("SELECT count(*) FROM sessions").await, 3);
    allow(&user, &Value::Null).await.expect(204, "");
    log_in(&server, "curl/8", PASSWORD).await.expect(200, "");
}

#[tokio::test]
async fn a_code_from_another_user_agent_is_not_checked() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let (app, _) = server.enroll(&user).await;
    allow(&user, &json!(["Firefox"])).await.expect(204, "");
    let challenge = log_in(&server, FIREFOX, PASSWORD).await.ok()["challenge"].clone();
    let guest = server.guest();
    let finish = async |agent: &str, code: &str| {
        let body = json!({ "challenge": challenge, "code": code });
        send_from(&guest, agent, Method::POST, "auth/login/second-factor", &body).await
    };
    let (right, wrong) = (app.code_after(&server, 1), app.wrong_code(&server));
    finish("curl/8", &wrong).await.expect(403, "agent_not_allowed");
    finish("curl/8", &right).await.expect(403, "agent_not_allowed");
    finish(FIREFOX, &right).await.expect(200, "");
    let history = user.get("me/history?outcome=agent_not_allowed").await.ok();
    assert_eq!(history["items"][0]["method"], "second_factor");
}

#[tokio::test]
async fn open_sessions_are_not_affected() {
    let server = TestServer::start().await;
    let (user, other) = (server.register("ada").await, server.log_in("ada").await);
    allow(&user, &json!(["Firefox"])).await.expect(204, "");
    other.get("me").await.expect(200, "");
    server.guest().refresh(&other.refresh_token).await.expect(200, "");
}

#[tokio::test]
async fn refused_user_agents_do_not_count_as_failed_attempts() {
    let server = TestServer::with(&[("AUTH_THROTTLE_DELAYS", "60")]).await;
    let user = server.register("ada").await;
    allow(&user, &json!(["Firefox"])).await.expect(204, "");
    for _ in 0..8 {
        log_in(&server, "curl/8", PASSWORD).await.expect(403, "agent_not_allowed");
    }
    log_in(&server, FIREFOX, PASSWORD).await.expect(200, "");
}

#[tokio::test]
async fn a_user_cannot_exclude_their_own_user_agent() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    assert_snapshot!(allow(&user, &json!(["Chrome", "Firefox/141"])).await, @r#"
    422
    {
      "code": "field_invalid",
      "detail": "The user agent of this client is `Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0`, which no entry allows: you could not log in again from here.",
      "field": "allowed",
      "status": 422,
      "title": "A field or parameter is missing or invalid.",
      "type": "about:blank"
    }
    "#);
    let silent = json!({ "allowed": ["Firefox"], "current_password": PASSWORD });
    let silent = user.put("me/user-agents", &silent).await.expect(422, "field_invalid");
    let detail = silent.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("This client has no user agent"), "{detail}");
    log_in(&server, "curl/8", PASSWORD).await.expect(200, "");
}

#[tokio::test]
async fn a_list_has_1_to_20_visible_entries() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let many = |count: usize| (0..count).map(|n| format!("Films/{n}")).collect::<Vec<_>>();
    for bad in [json!([]), json!([""]), json!(["Firefox", " x"]), json!(many(21))] {
        let answer = allow(&user, &bad).await;
        assert_eq!(answer.expect(422, "field_invalid").field(), "allowed", "{bad}");
    }
    for bad in [json!(["Firefox", "x".repeat(201)]), json!(["Firefox", "a\u{0}b"])] {
        allow(&user, &bad).await.expect(422, "field_invalid");
    }
    allow(&user, &json!("Firefox")).await.expect(422, "field_invalid");
    allow(&user, &json!(many(20))).await.expect(422, "field_invalid");
    let mut good = many(19);
    good.push("Firefox".into());
    allow(&user, &json!(good)).await.expect(204, "");
}

#[tokio::test]
async fn changing_the_list_requires_reauthentication() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let wrong = json!({ "allowed": ["Firefox"], "current_password": "wrong" });
    let answer = send_from(&user, FIREFOX, Method::PUT, "me/user-agents", &wrong).await;
    answer.expect(403, "current_password_wrong");
    assert_eq!(user.get("me").await.ok()["allowed_user_agents"], Value::Null);
}
