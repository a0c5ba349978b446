//! Lists that are too long to be sent in one piece.

use std::collections::BTreeSet;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tests::{Proxy, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::sample_films::OLD_FILMS;
use crate::site::{Running, Site, get};

/// More films than Elasticsearch counts or skips.
const MANY: usize = 10_100;
const TOTAL: usize = MANY + OLD_FILMS;

async fn long_site() -> Site {
    let site = Site::open().await;
    let access = json!({ "labels": [], "labelled_at": "2025-01-01T00:00:00Z" });
    // Long enough for a complete list to exceed what the buffers of a connection hold.
    let description = "x".repeat(2_000);
    let film = |n: usize| {
        let id = format!("many-{n:05}");
        // Few ratings, so that most films are tied; some have none.
        let rating = (!n.is_multiple_of(7)).then_some(n % 3);
        let film = json!({
            "id": id, "title": id, "imdb_rating": rating, "description": description, "access": access,
        });
        (id, film)
    };
    site.index.put_all((0..MANY).map(film)).await;
    site
}

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    items.map(|film| film["id"].as_str().unwrap().to_owned()).collect()
}

async fn start_reading(movie: &Running) -> Response {
    let response = Client::new().get(format!("{}/movies/", movie.url)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response
}

#[tokio::test]
async fn every_film_of_a_long_list_is_reached_once() {
    let site = long_site().await;
    let whole = site.get("/movies/", None).await.json();
    let all = ids(&whole);
    assert_eq!(
        (all.len(), &whole["total"], &whole["total_is"]),
        (TOTAL, &json!(TOTAL), &json!("exact"))
    );
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), TOTAL);
    assert!(whole["next"].is_null() && whole["page"].is_null() && whole["pages"].is_null());
    until("the point in time is closed", async || site.index.open_searches().await == 0).await;

    let mut page = site.get("/movies/?page=833", None).await.json();
    assert_eq!(
        (&page["total"], &page["total_is"], &page["pages"]),
        (&json!(10_000), &json!("at_least"), &json!(833))
    );
    let exact = site.get("/movies/?page=833&total=exact", None).await.json();
    assert_eq!(
        (&exact["total"], &exact["total_is"], &exact["items"]),
        (&json!(TOTAL), &json!("exact"), &page["items"])
    );
    assert_eq!(site.get("/movies/?page=834", None).await.problem(), (422, "page_too_deep".into()));
    let mut deepest = ids(&page);
    while let Some(next) = page["next"].as_str() {
        page = site.get(&format!("/movies/?cursor={next}"), None).await.json();
        deepest.extend(ids(&page));
    }
    assert_eq!(deepest, all[832 * 12..]);
}

#[tokio::test]
async fn a_list_that_fails_in_the_middle_never_looks_complete() {
    let site = long_site().await;
    let (proxy, url) = Proxy::to_url(&site.index.server).await;
    let settings = [("ELASTICSEARCH_URL", url.as_str()), ("MOVIE_SEARCH_TIMEOUT_MS", "2000")];
    let movie = site.another(&settings);
    // Freezing comes last: a kept connection that is frozen costs the next search its time.
    for fail in [Proxy::cut, Proxy::freeze_all] {
        proxy.restore();
        let works = async || get(&movie.url, "/movies/?page=1", None).await.status == 200;
        until("films are found", works).await;
        let mut response = start_reading(&movie).await;
        let mut read = response.chunk().await.unwrap().unwrap().len();
        fail(&proxy);
        let error = loop {
            match response.chunk().await {
                Ok(chunk) => read += chunk.expect("the list is not complete").len(),
                Err(error) => break error,
            }
        };
        assert!(read > 0 && !error.is_timeout(), "{error:?}");
        let after = get(&movie.url, "/movies/", None).await.problem();
        assert_eq!(after, (503, "catalogue_unavailable".into()));
    }
}

/// Its end is the end of the connection, which must not come in order.
#[tokio::test]
async fn a_list_that_fails_does_not_look_complete_in_http_1_0_either() {
    let site = long_site().await;
    let (proxy, url) = Proxy::to_url(&site.index.server).await;
    let movie = site.another(&[("ELASTICSEARCH_URL", url.as_str())]);
    let address = movie.url.strip_prefix("http://").unwrap();
    for fails in [false, true] {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(b"GET /movies/ HTTP/1.0\r\n\r\n").await.unwrap();
        let mut answer = vec![0; 100_000];
        connection.read_exact(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.0 200 "));
        if fails {
            proxy.cut();
        }
        let end = connection.read_to_end(&mut answer).await;
        assert_eq!(end.is_err(), fails, "{end:?}");
        assert_eq!(answer.ends_with(b"\"pages\":null}"), !fails);
    }
}

#[tokio::test]
async fn a_list_under_way_ends_when_the_mapping_becomes_unusable() {
    let site = long_site().await;
    let mut response = start_reading(&site.movie).await;
    let field = json!({ "runtime": { "access.labels": { "type": "keyword" } } });
    site.index.request(Method::PUT, "/_mapping", Some(field)).await;
    let refused = async || get(&site.movie.url, "/movies/?page=1", None).await.status == 503;
    until("the change is noticed", refused).await;
    while let Ok(chunk) = response.chunk().await {
        assert!(chunk.is_some(), "the list is complete");
    }
}

#[tokio::test]
async fn slow_readers_of_long_lists_are_cut_off_and_cost_only_places() {
    let site = long_site().await;
    let movie = site.another(&[("MOVIE_FULL_LISTS", "2")]);
    let (slow, leaving) = (start_reading(&movie).await, start_reading(&movie).await);
    assert_eq!(site.index.open_searches().await, 2);
    let busy = get(&movie.url, "/movies/", None).await;
    assert_eq!(busy.problem(), (503, "full_lists_busy".into()));
    assert!(busy.header("retry-after").parse::<u32>().unwrap() > 0);
    for other in ["/movies/?page=1", "/movies/?ids=many-00001,many-00002", "/movies/?query=film"] {
        assert_eq!(get(&movie.url, other, None).await.status, 200, "{other}");
    }

    drop(leaving);
    until("its place is free", async || site.index.open_searches().await == 1).await;
    assert_eq!(ids(&get(&movie.url, "/movies/", None).await.json()).len(), TOTAL);

    until("the slow reader is cut off", async || site.index.open_searches().await == 0).await;
    assert!(slow.bytes().await.is_err());
}
