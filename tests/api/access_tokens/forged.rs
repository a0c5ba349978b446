//! Forged tokens, at every operation.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::token::{jwk, read, signed, unknown_key, unsigned};
use tests::{TestServer, User};

use super::with_token;

/// Forgeries of a valid token, with the expected problem code.
fn forged(user: &User) -> Vec<(&'static str, String, &'static str)> {
    let (header, claims) = read(user.token());
    let mut root = claims.clone();
    root["roles"] = json!(["superuser"]);
    let (message, signature) = user.token().rsplit_once('.').unwrap();
    let with = |changes: Value| {
        let mut header = header.clone();
        header.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        header
    };
    let key = unknown_key();
    let wrong = "token_signature_invalid";
    vec![
        ("changed claims", format!("{}.{signature}", unsigned(&header, &root)), wrong),
        ("another key", signed(&header, &root, &key), wrong),
        ("another key's id", signed(&with(json!({ "kid": "x" })), &root, &key), wrong),
        ("no key's id", signed(&json!({ "alg": "EdDSA", "typ": "at+jwt" }), &root, &key), wrong),
        ("own key in it", signed(&with(json!({ "jwk": jwk(&key) })), &root, &key), wrong),
        (
            "own key in it, without an id",
            signed(&json!({ "alg": "EdDSA", "typ": "at+jwt", "jwk": jwk(&key) }), &root, &key),
            wrong,
        ),
        (
            "a place for keys",
            signed(&with(json!({ "jku": "http://127.0.0.1:1/", "kid": "y" })), &root, &key),
            wrong,
        ),
        ("HS256", signed(&with(json!({ "alg": "HS256" })), &root, &key), wrong),
        ("no signature", format!("{message}."), wrong),
        ("a cut signature", user.token()[..user.token().len() - 2].to_owned(), wrong),
        ("alg none", format!("{}.", unsigned(&with(json!({ "alg": "none" })), &root)), MALFORMED),
        ("alg nONE", format!("{}.", unsigned(&with(json!({ "alg": "nONE" })), &root)), MALFORMED),
        ("crit", signed(&with(json!({ "crit": ["x"] })), &root, &key), MALFORMED),
        ("another type", signed(&with(json!({ "typ": "JWT" })), &root, &key), WRONG_TYPE),
        (
            "no type",
            signed(&json!({ "alg": "EdDSA", "kid": header["kid"] }), &root, &key),
            WRONG_TYPE,
        ),
        ("a refresh token", user.refresh_token.clone(), WRONG_TYPE),
    ]
}

const MALFORMED: &str = "token_malformed";
const WRONG_TYPE: &str = "token_wrong_type";

#[tokio::test]
async fn no_operation_accepts_a_forged_token() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    for sample in with_token(&server, &user).await {
        for (what, token, code) in forged(&user) {
            let answer = sample.send(&server.as_user(&token)).await;
            let seen = (answer.status, answer.code());
            assert_eq!(seen, (401, code.to_owned()), "{what}: {}", sample.name());
        }
    }
    user.get("me").await.expect(200, "");
}

#[tokio::test]
async fn a_rejected_token_is_explained_in_body_and_www_authenticate_header() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let answer = server.as_user(&user.refresh_token).get("me").await;
    assert_snapshot!(answer, @r#"
    401
    {
      "code": "token_wrong_type",
      "status": 401,
      "title": "This token is not an access token for this server.",
      "type": "about:blank"
    }
    "#);
    assert_snapshot!(answer.header("www-authenticate"), @r#"Bearer error="invalid_token", error_description="token_wrong_type""#);
}

#[tokio::test]
async fn changing_any_character_of_a_token_invalidates_it() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let token = user.token();
    for at in (0..token.len()).step_by(7) {
        let mut changed = token.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let status = server.as_user(&changed).get("me").await.status;
        assert_eq!(status, 401, "{at}");
    }
}
