//! auth-server is unavailable: guests are served by the cached filter, users get 503.

use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use futures::future::join_all;
use serde_json::json;
use tests::{Answer, until};
use tokio::time::sleep;

use crate::sample_films::{NEW, NEW_FILMS, OLD, OLD_FILMS};
use crate::site::{Site, get, movie};

fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.problem(), (503, "authorization_unavailable".into()));
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
}

fn assert_stale(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    let age = answer.header("x-authorization").strip_prefix("stale; age=").unwrap();
    assert!(age.parse::<u32>().unwrap() < 60);
}

/// The answers to a guest and a subscriber while auth-server is unavailable.
async fn assert_away(site: &Site, subscriber: &str) {
    let list = site.get("/movies/?page=1", None).await;
    assert_stale(&list, 200);
    assert_eq!(list.json()["total"], OLD_FILMS);
    assert_stale(&site.get(&format!("/movies/{OLD}"), None).await, 200);
    let refused = site.get(&format!("/movies/{NEW}"), None).await;
    assert_stale(&refused, 403);
    assert_eq!(refused.json()["reason"]["code"], "guest_filter");
    for path in ["/movies/nope", "/genres/nope", "/directors/nope"] {
        assert_stale(&site.get(path, None).await, 404);
    }
    for path in ["/movies/", "/movies/?status=new", &format!("/movies/{OLD}"), "/movies/nope"] {
        assert_unavailable(&site.get(path, Some(subscriber)).await);
    }
}

#[tokio::test]
async fn guests_are_served_with_the_cached_filter_and_users_get_503() {
    let mut site = Site::open().await;
    let subscriber = site.subscriber().await;
    assert_eq!(site.get("/movies/", None).await.status, 200);
    site.auth.signal("KILL");
    site.auth.wait();
    assert_away(&site, &subscriber).await;

    let fresh = site.another(&[]);
    for path in ["/movies/", &format!("/movies/{OLD}")] {
        assert_unavailable(&get(&fresh.url, path, None).await);
    }

    site.restart_auth();
    let list = site.get("/movies/", Some(&subscriber)).await;
    assert_eq!((list.status, &list.json()["total"]), (200, &json!(OLD_FILMS + NEW_FILMS)));
    for server in [&site.movie, &fresh] {
        let guest = get(&server.url, "/movies/", None).await;
        assert_eq!((guest.status, guest.header("x-authorization")), (200, ""));
    }
}

#[tokio::test]
async fn a_hanging_auth_server_delays_an_answer_by_at_most_the_timeout() {
    let site = Site::open().await;
    let subscriber = site.subscriber().await;
    assert_eq!(site.get("/movies/", None).await.status, 200);
    site.auth.signal("STOP");
    for (token, status) in [(None, 200), (Some(subscriber.as_str()), 503)] {
        let started = Instant::now();
        assert_eq!(site.get(&format!("/movies/{OLD}"), token).await.status, status);
        assert!(started.elapsed() < Duration::from_secs(4));
    }
    assert_away(&site, &subscriber).await;
    site.auth.signal("CONT");
    assert_eq!(site.get("/movies/", Some(&subscriber)).await.status, 200);
}

#[tokio::test]
async fn after_a_timeout_guests_get_the_cached_filter_at_once() {
    let site = Site::open().await;
    assert_eq!(site.get("/movies/", None).await.status, 200);
    site.auth.signal("STOP");
    let started = Instant::now();
    for _ in 0..10 {
        assert_stale(&site.get(&format!("/movies/{OLD}"), None).await, 200);
        assert_stale(&site.get(&format!("/movies/{NEW}"), None).await, 403);
    }
    // One timeout is two seconds.
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    let together = (0..20).map(|_| site.get("/movies/?page=1", None));
    for answer in join_all(together).await {
        assert_stale(&answer, 200);
    }
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    site.auth.signal("CONT");
    until("auth-server is asked again", async || {
        site.get("/movies/?page=1", None).await.header("x-authorization").is_empty()
    })
    .await;
}

#[tokio::test]
async fn the_guest_filter_is_prefetched_and_expires() {
    let site = Site::open().await;
    let settings = [("MOVIE_GUEST_FILTER_MAX_AGE_SECONDS", "3")];
    let movie = site.another(&settings);
    sleep(Duration::from_secs(1)).await;
    site.auth.signal("KILL");
    assert_stale(&get(&movie.url, "/movies/", None).await, 200);
    sleep(Duration::from_secs(6)).await;
    assert_unavailable(&get(&movie.url, "/movies/", None).await);
}

#[expect(clippy::disallowed_methods, reason = "the program goes by the system's clock")]
#[tokio::test]
async fn a_label_ends_at_its_second_with_a_cached_filter() {
    let site = Site::open().await;
    let end = DateTime::<Utc>::from(SystemTime::now() + Duration::from_secs(4));
    let film = json!({
        "id": "soon", "title": "Soon", "access": {
            "labels": ["new"], "labelled_at": "2025-01-01T00:00:00Z",
            "until": { "new": end.to_rfc3339_opts(SecondsFormat::Secs, true) },
        }
    });
    site.index.put("soon", &film).await;
    assert_eq!(site.get("/movies/", None).await.json()["total"], OLD_FILMS);
    site.auth.signal("KILL");
    assert_stale(&site.get("/movies/soon", None).await, 403);
    sleep(Duration::from_secs(5)).await;
    assert_stale(&site.get("/movies/soon", None).await, 200);
    assert_eq!(site.get("/movies/", None).await.json()["total"], OLD_FILMS + 1);
}

#[tokio::test]
async fn an_unreadable_answer_from_auth_server_grants_nothing() {
    let site = Site::open().await;
    // Elasticsearch answers, but not as an auth-server would.
    let movie = movie(&site.index, &site.index.server, &[]);
    for path in ["/movies/", &format!("/movies/{OLD}")] {
        assert_unavailable(&get(&movie.url, path, None).await);
        assert_unavailable(&get(&movie.url, path, Some("x")).await);
    }
}
