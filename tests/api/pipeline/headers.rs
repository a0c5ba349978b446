//! Headers of every answer.

use reqwest::Method;
use tests::{Caller, TestServer};

use crate::samples::samples;

async fn with_id(guest: &Caller, id: &str) -> String {
    let request = guest.request(Method::GET, "/health/live").header("x-request-id", id);
    guest.send(request).await.header("x-request-id").to_owned()
}

#[tokio::test]
async fn a_request_id_is_accepted_or_generated_and_returned() {
    let server = TestServer::start().await;
    let guest = server.guest();
    assert_eq!(with_id(&guest, "order-66").await, "order-66");
    let long = "x".repeat(128);
    assert_eq!(with_id(&guest, &long).await, long);
    let mut made = std::collections::HashSet::new();
    for odd in ["", "two words", "\u{e9}", &"x".repeat(129)] {
        let id = with_id(&guest, odd).await;
        assert!(uuid::Uuid::parse_str(&id).is_ok() && made.insert(id), "{odd}");
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_nosniff_and_no_store() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    for sample in samples(&server, &user).await {
        for caller in [&server.guest(), &user.caller] {
            let answer = sample.send(caller).await;
            assert!(!answer.header("x-request-id").is_empty(), "{answer:?}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer:?}");
            let path = sample.path.as_str();
            let public = path.starts_with("/.well-known/") || path.starts_with("/health/");
            if !public && answer.status != 204 {
                assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
            }
        }
    }
    for path in ["/nothing", "/docs", "/openapi.json", "/%00"] {
        let answer = server.guest().get(path).await;
        assert!(!answer.header("x-request-id").is_empty(), "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer:?}");
    }
}
