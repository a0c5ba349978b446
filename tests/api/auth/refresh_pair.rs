//! `POST /api/v1/auth/refresh` with an access token: both have to be of one session.

use chrono::TimeDelta;
use insta::assert_snapshot;
use serde_json::json;
use tests::token::{read, signed, stolen_key};
use tests::{Answer, TestServer, User};

fn refresh_token(answer: &Answer) -> String {
    answer.ok()["refresh_token"].as_str().unwrap().to_owned()
}

/// Texts that are not an access token of the user's session, each for one reason.
async fn foreign_tokens(server: &TestServer, user: &User) -> Vec<(&'static str, String)> {
    let (key, (header, claims)) = (stolen_key(&server.database).await, read(user.token()));
    let with_claim = |name: &str, value: &str| {
        let mut claims = claims.clone();
        claims[name] = json!(value);
        signed(&header, &claims, &key)
    };
    let typed = |typ: &str| {
        let mut header = header.clone();
        header["typ"] = json!(typ);
        signed(&header, &claims, &key)
    };
    let (other, again) = (server.register("bob").await, server.log_in(&user.login).await);
    let unknown = signed(&header, &claims, &tests::token::unknown_key());
    vec![
        ("nothing", String::new()),
        ("no token", "x".into()),
        ("the refresh token", user.refresh_token.clone()),
        ("another user's", other.token().into()),
        ("another session's", again.token().into()),
        ("another signature", unknown),
        ("another type", typed("second-factor+jwt")),
        ("another issuer", with_claim("iss", "http://elsewhere")),
        ("another audience", with_claim("aud", "music")),
        ("another subject", with_claim("sub", &other.id)),
    ]
}

#[tokio::test]
async fn both_tokens_of_a_session_return_the_next_pair_also_when_the_access_token_has_expired() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let next = server.guest().refresh_pair(&user.refresh_token, user.token()).await.ok();
    server.clock.advance(TimeDelta::days(20));
    let (refresh, access) = (&next["refresh_token"], &next["access_token"]);
    let guest = server.guest();
    let pair = guest.refresh_pair(refresh.as_str().unwrap(), access.as_str().unwrap()).await;
    let token = pair.ok()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(read(&token).1["sid"], user.session());
    server.as_user(access.as_str().unwrap()).get("me").await.expect(401, "token_expired");
}

#[tokio::test]
async fn a_foreign_access_token_is_refused_and_the_refresh_token_stays_good() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    for (what, access) in foreign_tokens(&server, &user).await {
        let answer = server.guest().refresh_pair(&user.refresh_token, &access).await;
        assert_eq!(answer.problem(), (401, "token_pair_mismatch".into()), "{what}");
    }
    let counters = "SELECT sum(refresh_counter)::bigint FROM sessions";
    assert_eq!(server.database.count(counters).await, 0);
    server.clock.advance(TimeDelta::seconds(11));
    let next = server.guest().refresh_pair(&user.refresh_token, user.token()).await;
    server.guest().refresh(&refresh_token(&next)).await.expect(200, "");
    let events = user.get("me/history?outcome=refresh_token_reused").await.ok();
    assert_eq!(events["items"], json!([]));
    let answer = server.guest().refresh_pair(&refresh_token(&next), "x").await;
    assert_snapshot!(answer.expect(401, "token_pair_mismatch"), @r#"
    401
    {
      "code": "token_pair_mismatch",
      "status": 401,
      "title": "The access token is not one of the refresh token's session; send both tokens of the latest pair.",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test]
async fn a_repeated_request_needs_both_tokens_of_the_session_as_well() {
    let server = TestServer::start().await;
    let (user, other) = (server.register("ada").await, server.register("bob").await);
    let guest = server.guest();
    let first = refresh_token(&guest.refresh_pair(&user.refresh_token, user.token()).await);
    server.clock.advance(TimeDelta::seconds(8));
    let refused = guest.refresh_pair(&user.refresh_token, other.token()).await;
    refused.expect(401, "token_pair_mismatch");
    let again = guest.refresh_pair(&user.refresh_token, user.token()).await;
    assert_eq!(refresh_token(&again), first);
}

#[tokio::test]
async fn a_refresh_token_that_is_reused_or_invalid_is_so_with_any_access_token() {
    let server = TestServer::start().await;
    let (user, other) = (server.register("ada").await, server.register("bob").await);
    let guest = server.guest();
    for access in [user.token(), other.token(), "x"] {
        guest.refresh_pair("rt_x", access).await.expect(401, "refresh_token_invalid");
    }
    guest.refresh_pair(&user.refresh_token, user.token()).await.expect(200, "");
    server.clock.advance(TimeDelta::seconds(11));
    // A copy of the token exists: the session ends, although the second token is another user's.
    let reused = guest.refresh_pair(&user.refresh_token, other.token()).await;
    reused.expect(401, "refresh_token_invalid");
    user.get("me").await.expect(401, "token_revoked");
    let ended = guest.refresh_pair(&user.refresh_token, user.token()).await;
    ended.expect(401, "refresh_token_invalid");
}
