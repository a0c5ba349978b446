//! Responses that are given before the body of the request was read. On a kept connection they must
//! not cost the client its next request.

use reqwest::Method;
use tests::{KeptConnection, TestServer};

use crate::samples::samples;

/// The head of a request that announces a JSON body of this length.
fn head(method: &Method, path: &str, token: &str, length: usize) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: auth\r\nContent-Type: application/json\r\n\
         Authorization: Bearer {token}\r\nContent-Length: {length}\r\n"
    )
}

async fn is_kept(connection: &mut KeptConnection) {
    connection.send("GET /health/live HTTP/1.1\r\nHost: auth\r\n\r\n").await;
    assert_eq!(connection.response().await.0, 200);
}

#[tokio::test]
async fn four_hundred_refused_requests_on_a_kept_connection_are_all_answered() {
    let server = TestServer::start().await;
    let mut connection = KeptConnection::to(&server.url).await;
    let body = r#"{"first_name":"Ada"}"#;
    for _ in 0..400 {
        let head = head(&Method::PATCH, "/api/v1/me", "no-token", body.len());
        connection.send(format!("{head}\r\n")).await;
        connection.send(body).await;
        let (status, head) = connection.response().await;
        assert_eq!(status, 401);
        assert!(!head.contains("connection: close"), "{head}");
    }
    is_kept(&mut connection).await;
}

#[tokio::test]
async fn every_operation_reads_a_body_that_arrives_after_the_refusal() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let mut connection = KeptConnection::to(&server.url).await;
    let mut refused = async |method: &Method, path: &str, token: &str, status: u16| {
        let body = [b' '; 5_000];
        let head = head(method, path, token, body.len());
        connection.send(format!("{head}\r\n")).await;
        let (answered, head) = connection.response().await;
        assert_eq!(answered, status, "{method} {path}");
        assert!(!head.contains("connection: close"), "{head}");
        connection.send(body).await;
        is_kept(&mut connection).await;
    };
    for sample in samples(&server, &root).await.iter().filter(|sample| sample.body.is_some()) {
        let method = Method::from_bytes(sample.operation.method.as_bytes()).unwrap();
        if sample.operation.accepts_token() {
            refused(&method, &sample.path, "no-token", 401).await;
        }
        refused(&Method::TRACE, &sample.path, root.token(), 405).await;
    }
    refused(&Method::POST, "/nothing", "no-token", 404).await;
    refused(&Method::POST, "/api/v1/roles?a=%00", "no-token", 422).await;
    refused(&Method::POST, "/api/v1/auth/logout", root.token(), 204).await;
}

#[tokio::test]
async fn a_response_before_a_large_or_unannounced_body_closes_the_connection() {
    let server = TestServer::start().await;
    let large = head(&Method::PATCH, "/api/v1/me", "no-token", 65 << 10);
    let unannounced = large.replace("Content-Length: 66560", "Transfer-Encoding: chunked");
    let asked = head(&Method::PATCH, "/api/v1/me", "no-token", 100) + "Expect: 100-continue\r\n";
    for head in [large, unannounced, asked] {
        let mut connection = KeptConnection::to(&server.url).await;
        connection.send(format!("{head}\r\n")).await;
        let (status, head) = connection.response().await;
        assert_eq!(status, 401);
        assert!(head.contains("connection: close"), "{head}");
    }
}

#[tokio::test]
async fn a_body_that_is_announced_as_too_large_is_refused_before_it_is_sent() {
    let server = TestServer::start().await;
    let mut connection = KeptConnection::to(&server.url).await;
    let head = head(&Method::POST, "/api/v1/auth/login", "no-token", (64 << 10) + 1);
    connection.send(format!("{head}Expect: 100-continue\r\n\r\n")).await;
    let (status, head) = connection.response().await;
    assert_eq!(status, 413);
    assert!(head.contains("connection: close"), "{head}");
    connection.closed().await;
}

#[tokio::test]
async fn a_large_body_that_was_read_keeps_the_connection() {
    let server = TestServer::start().await;
    let mut body = br#"{"action":"read","resource":{"type":"film"}}"#.to_vec();
    body.resize(200 << 10, b' ');
    let mut connection = KeptConnection::to(&server.url).await;
    let head = format!(
        "POST /api/v1/check HTTP/1.1\r\nHost: auth\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    connection.send(head).await;
    connection.send(body).await;
    let (status, head) = connection.response().await;
    assert_eq!(status, 200);
    assert!(!head.contains("connection: close"), "{head}");
    is_kept(&mut connection).await;
}

#[tokio::test]
async fn the_operators_listener_reads_bodies_that_it_does_not_need() {
    let server = TestServer::start().await;
    let mut connection = KeptConnection::to(&server.ops_url).await;
    for path in ["/metrics", "/nothing", "/health/live"] {
        connection.send(format!("{}\r\n", head(&Method::POST, path, "", 10))).await;
        let (status, _) = connection.response().await;
        assert!(matches!(status, 404 | 405), "{status}");
        connection.send([b' '; 10]).await;
        is_kept(&mut connection).await;
    }
}
