//! A server without a free file descriptor.

use std::net::TcpStream;
use std::time::Duration;

use tests::Database;
use tests::program::AUTH_SERVER;

use crate::{guest, settings};

/// File descriptors that the server may have.
const LIMIT: u32 = 64;

#[tokio::test]
async fn without_a_free_descriptor_a_server_warns_once_waits_and_recovers() {
    let database = Database::migrated().await;
    let mut server = AUTH_SERVER.serve(&settings(&database));
    let url = server.url("api");
    guest(&mut server).get("/health/ready").await;
    server.limit_descriptors(LIMIT);
    let address = url.trim_start_matches("http://").to_owned();
    let held: Vec<_> = (0..2 * LIMIT).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let warnings = |server: &tests::program::Server| {
        let events = server.events();
        events.iter().filter(|event| event["message"].to_string().contains("accepted")).count()
    };
    tests::until("a warning", async || warnings(&server) > 0).await;
    let before = server.processor_ticks();
    tokio::time::sleep(Duration::from_secs(2)).await;
    // Of 200 ticks in two seconds a loop that spins would take all.
    let ticks = server.processor_ticks() - before;
    assert!(ticks < 50, "{ticks} ticks");
    assert_eq!(warnings(&server), 1, "{:#?}", server.log());
    drop(held);
    guest(&mut server).get("/health/ready").await.expect(200, "");
}
