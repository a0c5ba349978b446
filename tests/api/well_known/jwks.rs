//! `GET /.well-known/jwks.json`

use ed25519_dalek::{Signature, VerifyingKey};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use insta::assert_snapshot;
use tests::{TestServer, token};

#[tokio::test]
async fn whoever_verifies_offline_finds_the_key_of_a_token_and_its_promises() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let (header, claims) = token::read(user.token());
    let answer = server.guest().get("/.well-known/jwks.json").await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300, stale-if-error=3600");
    let jwk = &answer.json()["keys"][0];
    assert_eq!(header, serde_json::json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": jwk["kid"] }));
    let bytes = |text: &str| BASE64.decode(text).unwrap();
    let key: [u8; 32] = bytes(jwk["x"].as_str().unwrap()).try_into().unwrap();
    let (message, signature) = user.token().rsplit_once('.').unwrap();
    let signature = Signature::from_slice(&bytes(signature)).unwrap();
    let key = VerifyingKey::from_bytes(&key).unwrap();
    key.verify_strict(message.as_bytes(), &signature).unwrap();
    let text = serde_json::to_string(&answer.json()).unwrap();
    assert!(!text.contains("\"d\""), "a private key");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    assert_eq!((&claims["nbf"], &claims["sub"]), (&claims["iat"], &user.id.clone().into()));
    let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_snapshot!(format!("{names:?}"), @r#"["aud", "exp", "iat", "iss", "jti", "nbf", "rev", "roles", "sid", "sn", "sub"]"#);
}
