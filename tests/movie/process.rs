//! The program as its operator meets it.

use std::fs;
use std::time::Duration;

use reqwest::Client;
use tokio::time::sleep;

use crate::program::run;
use crate::site::{Site, get, send};

#[test]
fn a_broken_or_unknown_setting_stops_the_start_and_is_named() {
    let bad = [
        ("MOVIE_LISTEN", "here"),
        ("MOVIE_LISTN", "127.0.0.1:0"),
        ("OPS_LISTEN", "9092"),
        ("AUTH_URL", "auth-server:8080"),
        ("ELASTICSEARCH_URL", "ftp://localhost"),
        ("FILMS_INDEX", "films*"),
        ("MOVIE_CORS_ORIGINS", "https://films.example/"),
        ("MOVIE_AUTH_TIMEOUT_MS", "2s"),
        ("MOVIE_SEARCH_TIMEOUT_MS", "0"),
        ("MOVIE_GUEST_FILTER_REFRESH_SECONDS", "0"),
        ("MOVIE_GUEST_FILTER_MAX_AGE_SECONDS", "-1"),
        ("MOVIE_LOG", "movie_api=loud"),
        ("MOVIE_CONFIG", "/nowhere.toml"),
    ];
    for (name, value) in bad {
        let output = run("movie-api", &[], &[(name, value)], "");
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {message}");
        assert!(message.contains(name), "{name}: {message}");
    }
}

#[test]
fn the_settings_file_is_checked_like_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("movie.toml");
    for (text, named) in
        [("listen = 'here'", "MOVIE_LISTEN"), ("lisen = 1", "lisen"), ("=", "movie.toml")]
    {
        fs::write(&file, text).unwrap();
        let output = run("movie-api", &["serve", "--config", file.to_str().unwrap()], &[], "");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && message.contains(named), "{message}");
    }
}

#[test]
fn help_names_every_setting() {
    let output = run("movie-api", &["--help"], &[], "");
    let help = String::from_utf8(output.stdout).unwrap();
    for name in ["MOVIE_LISTEN", "AUTH_URL", "ELASTICSEARCH_URL", "FILMS_INDEX", "OPS_LISTEN"] {
        assert!(help.contains(name));
    }
}

#[tokio::test]
async fn sigterm_lets_open_requests_finish() {
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
async fn a_request_id_is_echoed_logged_and_handed_on() {
    let site = Site::open().await;
    let request = || Client::new().get(site.movie.url.clone() + "/movies/");
    let given = send(request().header("x-request-id", "order-66"), None).await;
    assert_eq!(given.header("x-request-id"), "order-66");
    for insane in ["two words", &"x".repeat(129), ""] {
        let made = send(request().header("x-request-id", insane), None).await;
        assert_eq!(made.header("x-request-id").len(), 36, "{insane}");
    }
    sleep(Duration::from_millis(300)).await;
    for program in [&site.movie, &site.auth] {
        assert!(program.log().iter().any(|line| line.contains("order-66")));
    }
}

#[tokio::test]
async fn operators_get_metrics_on_a_port_of_their_own() {
    let site = Site::open().await;
    site.get("/movies/", None).await;
    let log = site.movie.log().join("\n");
    let address = log.split("listening for operators").nth(1).unwrap().split('"').nth(4).unwrap();
    let metrics = get(&format!("http://{address}"), "/metrics", None).await;
    assert!(
        metrics.text.contains("movie_requests_total{operation=\"listFilms\",status=\"200\"} 1")
    );
    assert!(metrics.text.contains("movie_auth_total"));
    assert_eq!(get(&format!("http://{address}"), "/health/ready", None).await.status, 200);
    assert_eq!(site.get("/metrics", None).await.status, 404);
}
