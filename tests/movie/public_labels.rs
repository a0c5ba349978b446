//! Labels and posters that viewers see.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use tests::{Answer, until};

use crate::sample_films::NEW;
use crate::site::{Running, Site, get};

const PAST: &str = "2001-01-01T00:00:00Z";
const FUTURE: &str = "2999-01-01T00:00:00Z";

fn access(labels: &[&str], from: &Value, until: &Value) -> Value {
    json!({ "labels": labels, "from": from, "until": until, "labelled_at": "2025-01-01T00:00:00Z" })
}

async fn put(site: &Site, id: &str, access: &Value) {
    let poster = format!("https://images.example/{id}.jpg");
    site.index.put(id, &json!({ "id": id, "poster": poster, "access": access })).await;
}

async fn labels(movie: &Running, path: &str, token: &str) -> Value {
    get(&movie.url, path, Some(token)).await.json()["labels"].clone()
}

#[tokio::test]
async fn only_public_labels_are_shown_where_and_while_they_hold() {
    let site = Site::open().await;
    let root = site.superuser().await;
    let movie = site.another(&[("MOVIE_PUBLIC_LABELS", "new, classic")]);
    let (none, since, to) =
        (json!({}), |at: &str| json!({ "new": at }), |at: &str| json!({ "new": at }));
    let cases = [
        (
            "both",
            access(&["adult", "classic", "new"], &since(PAST), &to(FUTURE)),
            json!(["new", "classic"]),
        ),
        ("internal", access(&["adult"], &none, &none), json!([])),
        ("over", access(&["new"], &none, &to(PAST)), json!([])),
        ("to-come", access(&["classic", "new"], &since(FUTURE), &none), json!(["classic"])),
        ("unlabelled", json!({ "labels": ["new"] }), json!([])),
    ];
    for (id, access, _) in &cases {
        put(&site, id, access).await;
    }
    let all = get(&movie.url, "/movies/", Some(&root)).await.json();
    for (id, _, expected) in &cases {
        let film = get(&movie.url, &format!("/movies/{id}"), Some(&root)).await.json();
        assert_eq!(film["labels"], *expected, "{id}");
        assert_eq!(film["poster"], format!("https://images.example/{id}.jpg"));
        let listed = all["items"].as_array().unwrap().iter().find(|listed| listed["id"] == *id);
        assert_eq!(listed, Some(&film), "{id}");
        // Without the setting nothing is shown.
        assert_eq!(labels(&site.movie, &format!("/movies/{id}"), &root).await, json!([]));
    }
}

#[tokio::test]
async fn a_public_label_gives_no_access() {
    let site = Site::open().await;
    let movie = site.another(&[("MOVIE_PUBLIC_LABELS", "new")]);
    assert_eq!(get(&movie.url, &format!("/movies/{NEW}"), None).await.status, 403);
    assert!(!get(&movie.url, "/movies/", None).await.text.contains("\"new\""));
}

/// When the label of a film ends, so does what clients have kept.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the program goes by the system's clock")]
async fn a_label_is_shown_until_its_second_and_changes_the_tag() {
    let site = Site::open().await;
    let root = site.superuser().await;
    let movie = site.another(&[("MOVIE_PUBLIC_LABELS", "new")]);
    let film = async || get(&movie.url, "/movies/ends", Some(&root)).await;
    let end: DateTime<Utc> = (SystemTime::now() + Duration::from_secs(3)).into();
    put(&site, "ends", &access(&["new"], &json!({}), &json!({ "new": FUTURE }))).await;
    let lasting = film().await;
    assert_eq!(lasting.json()["labels"], json!(["new"]));
    put(
        &site,
        "ends",
        &access(
            &["new"],
            &json!({}),
            &json!({ "new": end.to_rfc3339_opts(SecondsFormat::Secs, true) }),
        ),
    )
    .await;
    until("the label has ended", async || film().await.json()["labels"] == json!([])).await;
    let ended: Answer = film().await;
    assert!(DateTime::<Utc>::from(SystemTime::now()).timestamp() >= end.timestamp());
    assert_ne!(ended.header("etag"), lasting.header("etag"));
}
