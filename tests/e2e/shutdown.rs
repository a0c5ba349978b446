//! Graceful shutdown.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tests::Database;
use tests::program::AUTH_SERVER;

use crate::{settings, with};

/// Sends the head of a request and half of its body.
fn half_a_request(url: &str) -> TcpStream {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let head = "POST /api/v1/filter HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 31\r\n\r\n{\"action\":\"read\",";
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

#[tokio::test]
async fn a_request_in_flight_is_finished_before_the_server_exits_with_0() {
    for signal in ["TERM", "INT"] {
        let database = Database::migrated().await;
        let mut server = AUTH_SERVER.serve(&settings(&database));
        let (url, ops) = (server.url("api"), server.url("ops"));
        let mut stream = half_a_request(&url);
        // Once this request is answered, the server has also read the other one.
        assert_eq!(reqwest::get(format!("{url}/health/ready")).await.unwrap().status(), 200);
        server.signal(signal);
        let started = Instant::now();
        while reqwest::get(format!("{ops}/health/ready")).await.unwrap().status() != 503 {
            assert!(started.elapsed() < Duration::from_secs(10), "{:?}", server.log());
        }
        stream.write_all(b"\"type\":\"film\"}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{signal}: {answer}");
        assert_eq!(server.wait().code(), Some(0), "{:?}", server.log());
        assert!(TcpStream::connect(url.trim_start_matches("http://")).is_err());
    }
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_delay_the_shutdown() {
    let database = Database::migrated().await;
    let mut server = AUTH_SERVER.serve(&with(&settings(&database), "AUTH_DRAIN_SECONDS", "1"));
    let stream = half_a_request(&server.url("api"));
    server.signal("TERM");
    let started = Instant::now();
    assert_eq!(server.wait().code(), Some(0), "{:?}", server.log());
    assert!(started.elapsed() < Duration::from_secs(10));
    drop(stream);
}
