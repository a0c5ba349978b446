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
        assert_eq!(answer.header("vary"), "");
    }
}

#[tokio::test]
async fn a_shared_cache_gives_no_front_end_a_response_that_was_made_for_another_origin() {
    let server = TestServer::with(&[("AUTH_CORS_ORIGINS", FILMS)]).await;
    let guest = server.guest();
    for path in ["/.well-known/jwks.json", "me", "nothing/here"] {
        for origin in [Some(FILMS), Some("https://evil.example"), None] {
            let request = guest.request(Method::GET, path);
            let request =
                origin.into_iter().fold(request, |it, origin| it.header("origin", origin));
            let answer = guest.send(request).await;
            assert_eq!(answer.header("vary"), "Origin", "{path} {origin:?}");
        }
    }
    let refused = send(&server, Method::OPTIONS, "https://evil.example", "me").await;
    assert_eq!(refused.header("vary"), "Origin");
}

#[tokio::test]
async fn front_ends_may_send_headers_of_tracing_and_the_configured_ones() {
    let preflight = async |server: &TestServer, method: &str, origin: &str, headers: &str| {
        let request = server.guest().request(Method::OPTIONS, "me").header("origin", origin);
        let request = request.header("access-control-request-method", method);
        server.guest().send(request.header("access-control-request-headers", headers)).await
    };
    let server = TestServer::with(&[("AUTH_CORS_ORIGINS", FILMS)]).await;
    let all = "traceparent, tracestate,baggage,sentry-trace, If-None-Match,idempotency-key";
    let answer = preflight(&server, "PATCH", FILMS, all).await;
    assert!((200..300).contains(&answer.status), "{answer:?}");
    let refused = async |origin: &str, method: &str, headers: &str, why: &str| {
        let answer = preflight(&server, method, origin, headers).await.expect(403, "cors_refused");
        assert!(answer.string("detail").contains(why), "{answer}");
    };
    refused(FILMS, "PATCH", "traceparent, x-mine", "`x-mine`").await;
    refused(FILMS, "TRACE", "traceparent", "GET, HEAD").await;
    refused("https://evil.example", "GET", "", "CORS_ORIGINS").await;
    let settings = [("AUTH_CORS_ORIGINS", FILMS), ("AUTH_CORS_HEADERS", "X-Mine")];
    let server = TestServer::with(&settings).await;
    assert!((200..300).contains(&preflight(&server, "GET", FILMS, "x-mine").await.status));
    preflight(&server, "GET", FILMS, "authorization").await.expect(403, "cors_refused");
}
