//! The program as its operators see it.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::time::Duration;

use reqwest::Client;
use tests::Index;
use tests::program::{MOVIE_API, NO_SETTINGS};
use tokio::time::sleep;

use crate::site::{Site, get, movie, send};

#[test]
fn an_invalid_or_unknown_setting_stops_the_start_and_is_named() {
    let bad = [
        ("MOVIE_LISTEN", "here"),
        ("MOVIE_LISTN", "127.0.0.1:0"),
        ("MOVIE_OPS_LISTEN", "9092"),
        ("OPS_LISTEN", "127.0.0.1:9092"),
        ("AUTH_URL", "auth-server:8080"),
        ("ELASTICSEARCH_URL", "ftp://localhost"),
        ("FILMS_INDEX", "films*"),
        ("MOVIE_CORS_ORIGINS", "https://films.example/"),
        ("MOVIE_AUTH_TIMEOUT_MS", "2s"),
        ("MOVIE_ACCOUNTS_TIMEOUT_MS", "0"),
        ("MOVIE_SEARCH_TIMEOUT_MS", "0"),
        ("MOVIE_GUEST_FILTER_REFRESH_SECONDS", "0"),
        ("MOVIE_GUEST_FILTER_MAX_AGE_SECONDS", "-1"),
        ("MOVIE_PUBLIC_LABELS", "new,Not a label"),
        ("MOVIE_LOG", "movie_api=loud"),
        ("MOVIE_CONFIG", "/nowhere.toml"),
    ];
    for (name, value) in bad {
        let ran = MOVIE_API.run(&[], &[(name, value)], "");
        assert_eq!(ran.status, Some(2), "{name}: {ran:?}");
        assert!(ran.stderr.contains(name), "{name}: {ran:?}");
    }
}

#[test]
fn the_settings_file_is_checked_like_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("movie.toml");
    for (text, named) in [
        ("server.listen = 'here'", "MOVIE_LISTEN"),
        ("server.lisen = 1", "lisen"),
        ("=", "movie.toml"),
    ] {
        fs::write(&file, text).unwrap();
        let ran = MOVIE_API.run(&["serve", "--config", file.to_str().unwrap()], NO_SETTINGS, "");
        assert!(ran.status == Some(2) && ran.stderr.contains(named), "{ran:?}");
    }
}

#[test]
fn help_names_every_setting() {
    let ran = MOVIE_API.run(&["--help"], NO_SETTINGS, "");
    for name in ["MOVIE_LISTEN", "AUTH_URL", "ELASTICSEARCH_URL", "FILMS_INDEX", "MOVIE_OPS_LISTEN"]
    {
        assert!(ran.stdout.contains(name));
    }
}

#[tokio::test]
async fn open_requests_finish_after_sigterm() {
    let mut site = Site::open().await;
    assert_eq!(site.get("/movies/", None).await.status, 200);
    site.auth.signal("STOP");
    let url = site.movie.url.clone();
    let open = tokio::spawn(async move { get(&url, "/movies/", None).await });
    sleep(Duration::from_millis(500)).await;
    site.movie.signal("TERM");
    assert_eq!(open.await.unwrap().status, 200);
    assert_eq!(site.movie.wait().code(), Some(0));
}

#[tokio::test]
async fn a_request_id_is_returned_and_logged() {
    let site = Site::open().await;
    let request = || Client::new().get(site.movie.url.clone() + "/movies/");
    let given = send(request().header("x-request-id", "order-66"), None).await;
    assert_eq!(given.header("x-request-id"), "order-66");
    for insane in ["two words", &"x".repeat(129), ""] {
        let made = send(request().header("x-request-id", insane), None).await;
        assert_eq!(made.header("x-request-id").len(), 36, "{insane}");
    }
    assert!(site.movie.log().iter().any(|line| line.contains("order-66")));
}

#[tokio::test]
async fn request_id_and_token_are_forwarded_unchanged() {
    let index = Index::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let movie = movie(&index, &url, &[]);
    let request = Client::new().get(movie.url.clone() + "/movies/");
    let request =
        request.header("x-request-id", "order-66").header("authorization", "bearer Any thing==");
    let (answer, seen) = tokio::join!(
        send(request, None),
        tokio::task::spawn_blocking(move || first_request_with(&listener, "order-66")),
    );
    assert_eq!(answer.status, 503);
    let seen = seen.unwrap().to_lowercase();
    assert!(seen.starts_with("post /api/v1/filter http/1.1\r\n"), "{seen}");
    assert!(seen.contains("\r\nauthorization: bearer any thing==\r\n"), "{seen}");
}

/// Closes every connection; returns the first request that contains this text.
fn first_request_with(listener: &TcpListener, text: &str) -> String {
    loop {
        let mut request = [0; 4096];
        let read = listener.accept().unwrap().0.read(&mut request).unwrap();
        let request = String::from_utf8_lossy(&request[..read]);
        if request.contains(text) {
            return request.into_owned();
        }
    }
}

#[tokio::test]
async fn metrics_are_served_only_on_the_operators_port() {
    let site = Site::open().await;
    site.get("/movies/", None).await;
    let log = site.movie.log().join("\n");
    let address = log.split("\"ops_address\":\"").nth(1).unwrap().split('"').next().unwrap();
    let metrics = get(&format!("http://{address}"), "/metrics", None).await;
    for metric in [
        r#"movie_http_requests_total{method="GET",route="/movies",status="200"} 1"#,
        r#"movie_auth_requests_total{endpoint="filter",outcome="success"}"#,
    ] {
        assert!(metrics.text.contains(metric), "{metric}: {}", metrics.text);
    }
    assert_eq!(get(&format!("http://{address}"), "/health/ready", None).await.status, 200);
    assert_eq!(site.get("/metrics", None).await.status, 404);
}
