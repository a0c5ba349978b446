//! Bodies that are not JSON, or not what the operation accepts.

use reqwest::Method;
use serde_json::json;
use tests::{Answer, Caller, TestServer};

use super::schema::{with_bodies, with_strict_bodies};
use crate::samples::Sample;

async fn send(caller: &Caller, sample: &Sample, content_type: &str, body: Vec<u8>) -> Answer {
    let method = Method::from_bytes(sample.operation.method.as_bytes()).unwrap();
    let mut request = caller.request(method, &sample.path).body(body);
    if !content_type.is_empty() {
        request = request.header("content-type", content_type);
    }
    caller.send(request).await
}

#[tokio::test]
async fn a_body_that_is_not_json_is_malformed() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let nested = "[".repeat(30_000);
    for body in with_bodies(&server, &root).await {
        for text in [
            &b""[..],
            b"{",
            b"{\"a\":",
            b"x",
            b"\xff\xfe",
            b"{} {}",
            b"{'a':1}",
            b"{\"a\":\"\xed\xa0\x80\"}",
            b"{\"a\":01}",
            nested.as_bytes(),
        ] {
            let answer = send(&root, &body.sample, "application/json", text.to_vec()).await;
            answer.expect(400, "body_malformed");
        }
    }
}

#[tokio::test]
async fn another_content_type_is_refused() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for body in with_strict_bodies(&server, &root).await {
        let good = serde_json::to_vec(body.sample.body.as_ref().unwrap()).unwrap();
        for content_type in
            ["", "text/plain", "application/x-www-form-urlencoded", "json", "application/jsonp"]
        {
            let answer = send(&root, &body.sample, content_type, good.clone()).await;
            answer.expect(415, "media_type_unsupported");
        }
    }
    assert_eq!(server.database.count("SELECT count(*) FROM rules").await, 5);
}

/// The body limit of an operation in bytes: documents with many labels need room.
fn limit(path: &str) -> usize {
    match path {
        "/api/v1/check" => 1 << 20,
        "/api/v1/check/batch" => 2 << 20,
        _ => 64 << 10,
    }
}

#[tokio::test]
async fn a_body_one_byte_over_the_limit_is_refused() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for body in with_strict_bodies(&server, &root).await {
        let mut large = serde_json::to_vec(body.sample.body.as_ref().unwrap()).unwrap();
        large.resize(limit(&body.sample.path), b' ');
        let answer = send(&root, &body.sample, "application/json", large.clone()).await;
        assert_ne!(answer.status, 413, "{}", body.sample.name());
        large.push(b' ');
        let answer = send(&root, &body.sample, "application/json", large).await;
        answer.expect(413, "body_too_large");
    }
}

#[tokio::test]
async fn the_body_limit_is_configurable() {
    let server = TestServer::with(&[("AUTH_BODY_LIMIT", "100")]).await;
    let body = |length: usize| {
        let mut text = br#"{"login":"ada","password":"x"}"#.to_vec();
        text.resize(length, b' ');
        server
            .guest()
            .request(Method::POST, "auth/login")
            .header("content-type", "application/json")
            .body(text)
    };
    server.guest().send(body(100)).await.expect(401, "credentials_invalid");
    server.guest().send(body(101)).await.expect(413, "body_too_large");
}

#[tokio::test]
async fn json_that_is_not_an_object_is_refused() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for body in with_strict_bodies(&server, &root).await {
        for text in ["null", "[]", "7", "\"x\"", "true", "[{}]"] {
            let answer = send(&root, &body.sample, "application/json", text.into()).await;
            answer.expect(422, "field_invalid");
        }
    }
}

#[tokio::test]
async fn every_json_content_type_is_accepted() {
    let server = TestServer::start().await;
    for content_type in
        ["application/json; charset=utf-8", "Application/JSON", "application/vnd.api+json"]
    {
        let text = br#"{"action":"read","type":"film"}"#.to_vec();
        let request = server.guest().request(Method::POST, "filter").body(text);
        server.guest().send(request.header("content-type", content_type)).await.expect(200, "");
    }
}

#[tokio::test]
async fn an_encoded_body_is_refused_with_what_is_accepted() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for body in with_bodies(&server, &root).await {
        for encodings in [&["gzip"][..], &["br"], &["identity", "zstd"], &[""]] {
            let mut request = body.sample.request(&root);
            for encoding in encodings {
                request = request.header("content-encoding", *encoding);
            }
            let answer = root.send(request).await.expect(415, "encoding_unsupported");
            assert_eq!(answer.header("accept-encoding"), "identity");
        }
    }
    let request = server.guest().request(Method::POST, "filter");
    let request = request.json(&json!({ "action": "read", "type": "film" }));
    server.guest().send(request.header("content-encoding", "Identity")).await.expect(200, "");
}

#[tokio::test]
async fn a_list_is_not_taken_for_an_object_within_a_body() {
    let server = TestServer::start().await;
    let guest = server.guest();
    let film = json!(["film", "7", ["new"], null]);
    let check = json!({ "action": "read", "resource": film });
    let answer = guest.post("check", &check).await.expect(422, "field_invalid");
    assert_eq!(answer.field(), "resource");
    let batch = json!({ "action": "read", "resources": [{ "type": "film" }, film] });
    let answer = guest.post("check/batch", &batch).await.expect(422, "field_invalid");
    assert_eq!(answer.field(), "resources[1]");
}
