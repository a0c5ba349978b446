//! `GET /.well-known/jwks.json` and `GET /.well-known/oauth-authorization-server`

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::{Signature, VerifyingKey};
use insta::assert_snapshot;
use tests::openapi::operations;
use tests::{TestServer, token};

#[tokio::test]
async fn a_token_can_be_verified_offline_with_the_published_key() {
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
    assert_snapshot!(format!("{names:?}"), @r#"["aud", "client_id", "exp", "iat", "iss", "jti", "nbf", "rev", "roles", "sid", "sn", "sub"]"#);
}

#[tokio::test]
async fn everything_in_the_metadata_exists() {
    let server = TestServer::with(&[("AUTH_ISSUER", "https://auth.example")]).await;
    let answer = server.guest().get("/.well-known/oauth-authorization-server").await;
    assert_eq!(answer.header("cache-control"), "public, max-age=3600");
    assert_snapshot!(answer, @r#"
    200
    {
      "introspection_endpoint": "https://auth.example/api/v1/oauth/introspect",
      "introspection_endpoint_auth_methods_supported": [
        "client_secret_basic"
      ],
      "issuer": "https://auth.example",
      "jwks_uri": "https://auth.example/.well-known/jwks.json",
      "revocation_endpoint": "https://auth.example/api/v1/oauth/revoke",
      "revocation_endpoint_auth_methods_supported": [
        "client_secret_basic"
      ],
      "service_documentation": "https://auth.example/docs"
    }
    "#);
    let metadata = answer.json();
    let document = server.guest().get("/openapi.json").await.ok();
    for (name, method) in
        [("jwks_uri", "GET"), ("introspection_endpoint", "POST"), ("revocation_endpoint", "POST")]
    {
        let path = metadata[name].as_str().unwrap().strip_prefix("https://auth.example").unwrap();
        let found = operations(&document).iter().any(|operation| operation.matches(method, path));
        assert!(found, "{name}");
    }
    server.guest().get("/docs").await.expect(200, "");
    let user = server.register("ada").await;
    assert_eq!(token::read(user.token()).1["iss"], metadata["issuer"]);
}
