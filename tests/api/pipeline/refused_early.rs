//! Requests that are refused before an operation sees them.

use std::process::{Command, Stdio};

use serde_json::Value;
use tests::{KeptConnection, TestServer};

/// Status and, of a problem, code of the response to these bytes.
async fn status(server: &TestServer, request: &str) -> u16 {
    let mut connection = KeptConnection::to(&server.url).await;
    connection.send(request).await;
    connection.response().await.0
}

#[tokio::test]
async fn http_1_1_needs_exactly_one_host() {
    let server = TestServer::start().await;
    let get =
        |version: &str, hosts: &str| format!("GET /health/live HTTP/{version}\r\n{hosts}\r\n");
    for (version, hosts, expected) in [
        ("1.1", "Host: auth\r\n", 200),
        ("1.1", "Host:\r\n", 200),
        ("1.1", "", 400),
        ("1.1", "Host: auth\r\nHost: auth\r\n", 400),
        ("1.1", "Host: auth\r\nhost: evil\r\n", 400),
        ("1.0", "", 200),
        ("1.0", "Host: auth\r\nHost: auth\r\n", 400),
    ] {
        assert_eq!(status(&server, &get(version, hosts)).await, expected, "{version} {hosts:?}");
    }
}

/// Status and problem code of a response to curl, by this version of HTTP.
fn curl(version: &str, url: &str, arguments: &[&str]) -> (u16, String) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--noproxy", "*", version, "--write-out", "\n%{http_code}", url]);
    let ran = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(ran.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    let problem: Value = serde_json::from_str(body).unwrap_or_default();
    (status.parse().unwrap(), problem["code"].as_str().unwrap_or_default().to_owned())
}

const VERSIONS: [&str; 2] = ["--http1.1", "--http2-prior-knowledge"];

#[tokio::test]
async fn long_urls_and_large_headers_are_refused_alike_over_both_versions_of_http() {
    let server = TestServer::start().await;
    let live = format!("{}/health/live", server.url);
    let code = |status: u16, code: &str| (status, code.to_owned());
    for version in VERSIONS {
        let url = |length: usize| format!("{live}?{}", "a".repeat(length - "/health/live?".len()));
        assert_eq!(curl(version, &url(8 << 10), &[]).0, 200, "{version}");
        assert_eq!(curl(version, &url((8 << 10) + 1), &[]), code(414, "url_too_long"), "{version}");
        let header = |kilobytes: usize| format!("x-large: {}", "a".repeat(kilobytes << 10));
        assert_eq!(curl(version, &live, &["--header", &header(31)]).0, 200, "{version}");
        let large = curl(version, &live, &["--header", &header(33)]);
        assert_eq!(large, code(431, "headers_too_large"), "{version}");
    }
}

#[tokio::test]
async fn a_large_body_is_refused_before_it_is_sent_over_both_versions_of_http() {
    let server = TestServer::start().await;
    let url = format!("{}/api/v1/auth/login", server.url);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), " ".repeat(4 << 20)).unwrap();
    let body = format!("@{}", file.path().display());
    for version in VERSIONS {
        let arguments = [
            // curl would send the body after this time without an answer.
            "--expect100-timeout",
            "30",
            "--header",
            "expect: 100-continue",
            "--header",
            "content-type: application/json",
            "--data-binary",
            &body,
            "--max-time",
            "20",
        ];
        assert_eq!(
            curl(version, &url, &arguments),
            (413, "body_too_large".to_owned()),
            "{version}"
        );
    }
}

#[tokio::test]
async fn the_proxy_protocol_is_refused_with_what_to_do() {
    let server = TestServer::start().await;
    for begin in
        [&b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"[..], b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"]
    {
        let mut connection = KeptConnection::to(&server.url).await;
        connection.send(begin).await;
        let (status, head) = connection.response().await;
        assert!(status == 400 && head.contains("content-type: text/plain"), "{head}");
    }
}
