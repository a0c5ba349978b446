//! The login history, if it cannot be written and when the server stops.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::program::AUTH_SERVER;
use tests::{Database, PASSWORD};

use crate::{guest, settings};

#[tokio::test]
async fn an_attempt_that_cannot_be_recorded_is_logged_without_the_address() {
    let database = Database::migrated().await;
    let mut server = AUTH_SERVER.serve(&settings(&database));
    let guest = guest(&mut server);
    let form = json!({ "login": "ada", "password": PASSWORD });
    guest.post("auth/register", &form).await.expect(201, "");
    database.execute("ALTER TABLE login_history RENAME TO away").await;
    guest.post("auth/login", &form).await.expect(200, "");
    let started = Instant::now();
    let line = loop {
        let lost = |event: &serde_json::Value| event["message"] == "login attempt not recorded";
        if let Some(line) = server.events().into_iter().find(lost) {
            break line;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "{:#?}", server.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!((&line["level"], &line["outcome"]), (&json!("ERROR"), &json!("succeeded")));
    assert!(!line.to_string().contains("127.0.0.1"), "{line}");
}

#[tokio::test]
async fn pending_history_is_written_before_the_server_stops() {
    let database = Database::migrated().await;
    let mut server = AUTH_SERVER.serve(&settings(&database));
    let guest = guest(&mut server);
    let form = json!({ "login": "ada", "password": PASSWORD });
    guest.post("auth/register", &form).await.expect(201, "");
    guest.post("auth/login", &form).await.expect(200, "");
    server.signal("TERM");
    assert!(server.wait().success(), "{:#?}", server.log());
    assert_eq!(database.count("SELECT count(*) FROM login_history").await, 2);
}
