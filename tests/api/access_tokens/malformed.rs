//! `Authorization` headers without a token of this server.

use reqwest::Method;
use tests::TestServer;

use super::with_token;

#[tokio::test]
async fn every_operation_rejects_an_authorization_header_that_is_not_one_bearer_token() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let long = format!("Bearer {}", "a".repeat(7_000));
    for sample in with_token(&server, &user).await {
        let method = Method::from_bytes(sample.operation.method.as_bytes()).unwrap();
        for header in [
            "",
            "Bearer",
            "Bearer ",
            "Basic YTpi",
            "x",
            "Bearer x",
            "Bearer a.b",
            "Bearer a.b.c.d",
            "Bearer ..",
            "Bearer a b",
            "Token a.b.c",
            "Bearer \u{e9}.b.c",
            &long,
        ] {
            let mut request = server.guest().request(method.clone(), &sample.path);
            if let Some(body) = &sample.body {
                request = request.json(body);
            }
            let answer = server.guest().send(request.header("authorization", header)).await;
            let basic = header.starts_with("Basic ") && sample.operation.accepts_clients();
            let expected = if basic { "invalid_client" } else { "token_malformed" };
            let seen = (answer.status, answer.code());
            assert_eq!(seen, (401, expected.into()), "{header:?}: {}", sample.name());
        }
        let twice = user.request(method, &sample.path);
        let twice = twice.header("authorization", format!("Bearer {}", user.token()));
        user.send(twice).await.expect(401, "token_malformed");
    }
}

#[tokio::test]
async fn the_bearer_scheme_is_case_insensitive() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    for scheme in ["bearer", "BEARER", "bEaReR "] {
        let request = server.guest().request(Method::GET, "me");
        let request = request.header("authorization", format!("{scheme} {}", user.token()));
        server.guest().send(request).await.expect(200, "");
    }
}

#[tokio::test]
async fn a_token_of_another_issuer_or_audience_has_the_wrong_type() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    for setting in ["AUTH_ISSUER", "AUTH_AUDIENCE"] {
        let other = server.replica(&[(setting, "https://else.example")]).await;
        let token = other.log_in("ada").await.token().to_owned();
        for sample in with_token(&server, &user).await {
            sample.send(&server.as_user(&token)).await.expect(401, "token_wrong_type");
        }
    }
}
