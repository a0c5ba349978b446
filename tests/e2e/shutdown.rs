//! Graceful shutdown.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use sqlx::Executor;
use tests::program::AUTH_SERVER;
use tests::{Database, KeptConnection, PASSWORD, until};

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

#[tokio::test]
async fn a_server_stops_being_ready_before_it_stops_accepting_requests() {
    let database = Database::migrated().await;
    let settings = with(&settings(&database), "AUTH_DRAIN_DELAY_SECONDS", "3");
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = crate::guest(&mut server);
    guest.get("/health/ready").await.expect(200, "");
    server.signal("TERM");
    until("not ready", async || guest.get("/health/ready").await.status == 503).await;
    // A connection of its own: one that was open before would be served anyway.
    crate::guest(&mut server).get("/health/live").await.expect(200, "");
    assert_eq!(server.wait().code(), Some(0), "{:?}", server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_whose_clients_are_gone_are_recorded_before_the_server_exits() {
    let database = Database::migrated().await;
    let mut server = AUTH_SERVER.serve(&settings(&database));
    let (guest, ops) = (crate::guest(&mut server), server.url("ops"));
    let register = json!({ "login": "ada", "password": PASSWORD });
    guest.post("auth/register", &register).await.expect(201, "");
    let recorded = "SELECT count(*) FROM login_history";
    until("recorded", async || database.count(recorded).await == 1).await;
    let mut lock = database.connect().await;
    lock.execute("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let wrong = json!({ "login": "ada", "password": "wrong" });
    let attempts: Vec<_> = (0..3)
        .map(|_| tokio::spawn(guest.request(Method::POST, "auth/login").json(&wrong).send()))
        .collect();
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database =
        (SELECT oid FROM pg_database WHERE datname = current_database())";
    until("all wait", async || database.count(waiting).await == 3).await;
    for attempt in attempts {
        attempt.abort();
    }
    drop(guest);
    server.signal("TERM");
    let ops = ops.trim_start_matches("http://");
    until("no listener", async || TcpStream::connect(ops).is_err()).await;
    lock.execute("COMMIT").await.unwrap();
    assert_eq!(server.wait().code(), Some(0), "{:?}", server.log());
    assert_eq!(database.count(recorded).await, 4, "{:?}", server.log());
}

#[tokio::test]
async fn a_server_that_will_stop_closes_connections_with_their_next_response() {
    let database = Database::migrated().await;
    let settings = with(&settings(&database), "AUTH_DRAIN_DELAY_SECONDS", "3");
    let mut server = AUTH_SERVER.serve(&settings);
    let url = server.url("api");
    let mut kept = KeptConnection::to(&url).await;
    let request = "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";
    kept.send(request).await;
    assert!(!kept.response().await.1.contains("connection: close"));
    server.signal("TERM");
    // Each on a connection of its own.
    let ready = async || reqwest::get(format!("{url}/health/ready")).await.unwrap().status();
    until("not ready", async || ready().await == 503).await;
    kept.send(request).await;
    let (status, head) = kept.response().await;
    assert!(status == 200 && head.contains("connection: close"), "{head}");
    kept.closed().await;
    assert_eq!(server.wait().code(), Some(0), "{:?}", server.log());
}

#[tokio::test]
async fn a_connection_that_was_opened_before_the_listener_closed_gets_its_response() {
    let database = Database::migrated().await;
    let mut server = AUTH_SERVER.serve(&settings(&database));
    let url = server.url("api");
    let mut opened = KeptConnection::to(&url).await;
    // Connections are accepted in order, so the first one was.
    assert_eq!(reqwest::get(format!("{url}/health/live")).await.unwrap().status(), 200);
    server.signal("TERM");
    let address = url.trim_start_matches("http://");
    until("no listener", async || TcpStream::connect(address).is_err()).await;
    opened.send("GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let (status, head) = opened.response().await;
    assert!(status == 200 && head.contains("connection: close"), "{head}");
    opened.closed().await;
    assert_eq!(server.wait().code(), Some(0), "{:?}", server.log());
}
