//! Browser front ends on other origins.

use reqwest::Method;
use tests::{Answer, TestServer};

const FILMS: &str = "https://films.example";

async fn send(server: &TestServer, method: Method, origin: &str, path: &str) -> Answer {
    let request = server.guest().request(method, path).header("origin", origin);
    let request = request
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "authorization, content-type, if-match");
    server.guest().send(request).await
}

#[tokio::test]
async fn a_configured_origin_may_call_the_api_and_read_problems() {
    let server =
        TestServer::with(&[("AUTH_CORS_ORIGINS", "https://films.example,http://localhost:3000")])
            .await;
    let preflight = send(&server, Method::OPTIONS, FILMS, "rules/3").await;
    assert!((200..300).contains(&preflight.status), "{preflight:?}");
    assert_eq!(preflight.header("access-control-allow-origin"), FILMS);
    assert!(preflight.header("access-control-allow-methods").contains("PUT"), "{preflight:?}");
    let allowed = preflight.header("access-control-allow-headers").to_lowercase();
    for name in ["authorization", "content-type", "if-match"] {
        assert!(allowed.contains(name), "{allowed}");
    }
    for path in ["/health/live", "me", "nothing/here"] {
        let answer = send(&server, Method::GET, FILMS, path).await;
        assert_eq!(answer.header("access-control-allow-origin"), FILMS, "{path}");
        let exposed = answer.header("access-control-expose-headers").to_lowercase();
        assert!(exposed.contains("etag") && exposed.contains("x-request-id"), "{answer:?}");
        assert!(answer.header("vary").to_lowercase().contains("origin"), "{answer:?}");
    }
}

#[tokio::test]
async fn any_other_origin_is_not_allowed() {
    let server = TestServer::with(&[("AUTH_CORS_ORIGINS", FILMS)]).await;
    for origin in
        ["https://evil.example", "null", "http://films.example", "https://films.example.evil", "*"]
    {
        for method in [Method::OPTIONS, Method::GET] {
            let answer = send(&server, method, origin, "/health/live").await;
            assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
        }
    }
}

#[tokio::test]
async fn no_origin_is_allowed_by_default() {
    let server = TestServer::start().await;
    for method in [Method::OPTIONS, Method::GET] {
        let answer = send(&server, method, FILMS, "/health/live").await;
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
}
