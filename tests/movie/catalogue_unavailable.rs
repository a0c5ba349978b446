//! Elasticsearch is unavailable, or has no index.

use std::time::{Duration, Instant};

use reqwest::Method;
use tests::{Proxy, until};

use crate::sample_films::OLD;
use crate::site::{Running, Site, get};

async fn assert_unavailable(movie: &Running) {
    for path in ["/movies/", "/movies/?page=1", &format!("/movies/{OLD}"), "/health/ready"] {
        let answer = get(&movie.url, path, None).await;
        assert_eq!(answer.problem(), (503, "catalogue_unavailable".into()));
        assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
    }
    assert_eq!(get(&movie.url, "/health/live", None).await.status, 200);
}

#[tokio::test]
async fn without_elasticsearch_callers_are_told_to_retry() {
    let site = Site::open().await;
    assert_eq!(site.get("/health/ready", None).await.status, 200);
    assert_unavailable(&site.another(&[("ELASTICSEARCH_URL", "http://127.0.0.1:1")])).await;
}

#[tokio::test]
async fn without_its_index_callers_are_told_to_retry() {
    let site = Site::open().await;
    assert_unavailable(&site.another(&[("FILMS_INDEX", "movie-test-missing")])).await;
}

#[tokio::test]
async fn with_its_index_closed_callers_are_told_to_retry() {
    let site = Site::open().await;
    site.index.request(Method::POST, "/_close", None).await;
    assert_unavailable(&site.movie).await;
}

#[tokio::test]
async fn a_frozen_elasticsearch_costs_callers_the_time_out_and_is_asked_again_afterwards() {
    let site = Site::open().await;
    let (proxy, url) = Proxy::to_url(&site.index.server).await;
    let settings = [("ELASTICSEARCH_URL", url.as_str()), ("MOVIE_SEARCH_TIMEOUT_MS", "1000")];
    let movie = site.another(&settings);
    let film = format!("/movies/{OLD}");
    let is_found = async || get(&movie.url, &film, None).await.status == 200;
    until("the film is found", is_found).await;
    proxy.freeze_all();
    let begun = Instant::now();
    assert_unavailable(&movie).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    proxy.thaw();
    until("the film is found again", is_found).await;
}
