//! `GET /.well-known/oauth-authorization-server`

use insta::assert_snapshot;
use tests::openapi::operations;
use tests::{TestServer, token};

#[tokio::test]
async fn what_the_metadata_promise_is_there() {
    let server = TestServer::with(&[("AUTH_ISSUER", "https://auth.example")]).await;
    let answer = server.guest().get("/.well-known/oauth-authorization-server").await;
    assert_eq!(answer.header("cache-control"), "public, max-age=3600");
    assert_snapshot!(answer, @r#"
    200
    {
      "grant_types_supported": [],
      "introspection_endpoint": "https://auth.example/api/v1/oauth/introspect",
      "introspection_endpoint_auth_methods_supported": [
        "client_secret_basic"
      ],
      "issuer": "https://auth.example",
      "jwks_uri": "https://auth.example/.well-known/jwks.json",
      "response_types_supported": [],
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
        let found = operations(&document).iter().any(|operation| operation.takes(method, path));
        assert!(found, "{name}");
    }
    server.guest().get("/docs").await.expect(200, "");
    let user = server.register("ada").await;
    assert_eq!(token::read(user.token()).1["iss"], metadata["issuer"]);
}
