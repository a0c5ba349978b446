//! Elasticsearch is unavailable, or has no index.

use reqwest::Method;

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
