//! Validity periods of labels start and end at their second.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::TestServer;

use super::read;

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A film that is `new` within this validity period.
fn film(from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Value {
    json!({ "type": "film", "id": "f1", "access": {
        "labels": ["new"], "labelled_at": "2026-01-01T00:00:00Z",
        "from": { "new": from.map(text) }, "until": { "new": until.map(text) },
    } })
}

async fn decide(server: &TestServer, film: &Value) -> (bool, Value) {
    let answer = read(&server.guest(), film.clone()).await.ok();
    (answer["allowed"].as_bool().unwrap(), answer["valid_until"].clone())
}

#[tokio::test]
async fn a_film_opens_at_the_second_its_label_ends() {
    let server = TestServer::start().await;
    let until = server.clock.now() + TimeDelta::seconds(1_000);
    let film = film(None, Some(until));
    assert_eq!(decide(&server, &film).await, (false, text(until).into()));
    server.clock.advance(TimeDelta::seconds(990));
    assert_eq!(decide(&server, &film).await, (false, text(until).into()));
    server.clock.advance(TimeDelta::seconds(10));
    assert_eq!(decide(&server, &film).await, (true, Value::Null));
}

#[tokio::test]
async fn a_film_closes_at_the_second_its_label_starts() {
    let server = TestServer::start().await;
    let from = server.clock.now() + TimeDelta::seconds(1_000);
    let until = from + TimeDelta::seconds(500);
    let film = film(Some(from), Some(until));
    assert_eq!(decide(&server, &film).await, (true, text(from).into()));
    server.clock.advance(TimeDelta::seconds(990));
    assert_eq!(decide(&server, &film).await, (true, text(from).into()));
    server.clock.advance(TimeDelta::seconds(10));
    assert_eq!(decide(&server, &film).await, (false, text(until).into()));
    server.clock.advance(TimeDelta::seconds(500));
    assert_eq!(decide(&server, &film).await, (true, Value::Null));
}

#[tokio::test]
async fn a_label_without_a_validity_period_never_ends_and_periods_of_undated_labels_are_ignored() {
    let server = TestServer::start().await;
    assert_eq!(decide(&server, &film(None, None)).await, (false, Value::Null));
    let root = server.superuser().await;
    crate::rules::create_rule(&root, 50, "anonymous", "label:adult", "deny").await;
    let stray = json!({ "type": "film", "id": "f1", "access": {
        "labels": ["adult"], "labelled_at": "2026-01-01T00:00:00Z",
        "until": { "adult": "2000-01-01T00:00:00Z" },
    } });
    assert_eq!(decide(&server, &stray).await, (false, Value::Null));
}
