//! Clients may keep responses, but revalidate them with every use.

use reqwest::Client;
use tests::Answer;

use crate::sample_films::{NEW, OLD};
use crate::site::{Site, send};

async fn with_tag(site: &Site, path: &str, token: Option<&str>, tag: &str) -> Answer {
    let request = Client::new().get(format!("{}{path}", site.movie.url));
    send(request.header("if-none-match", tag), token).await
}

#[tokio::test]
async fn an_unchanged_response_is_not_sent_again() {
    let site = Site::open().await;
    let film = format!("/movies/{OLD}");
    for path in ["/movies/?page=1", &film] {
        let first = site.get(path, None).await;
        let tag = first.header("etag");
        assert!(tag.starts_with('"'), "{first:?}");
        assert_eq!(first.header("cache-control"), "private, no-cache");
        assert!(first.header("vary").contains("Authorization"));
        for known in [tag, "*", &format!("\"other\", W/{tag}")] {
            let again = with_tag(&site, path, None, known).await;
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{known}");
            assert_eq!(again.header("etag"), tag);
            assert_eq!(again.header("cache-control"), "private, no-cache");
        }
        let other = with_tag(&site, path, None, "\"other\"").await;
        assert_eq!((other.status, &other.text), (200, &first.text));
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get() {
    let site = Site::open().await;
    for path in ["/", "/movies/?page=1", &format!("/movies/{OLD}"), "/movies/nope"] {
        let url = format!("{}{path}", site.movie.url);
        let got = send(Client::new().get(&url), None).await;
        let asked = send(Client::new().head(&url), None).await;
        assert_eq!((asked.status, asked.text.as_str()), (got.status, ""), "{path}");
        for header in ["content-type", "etag", "cache-control", "vary"] {
            assert_eq!(asked.header(header), got.header(header), "{path} {header}");
        }
        let known = Client::new().head(&url).header("if-none-match", "*");
        let unchanged = if got.status == 200 { 304 } else { got.status };
        assert_eq!(send(known, None).await.status, unchanged, "{path}");
    }
}

#[tokio::test]
async fn a_tag_gives_no_access() {
    let site = Site::open().await;
    let subscriber = site.subscriber().await;
    let path = format!("/movies/{NEW}");
    let tag = site.get(&path, Some(&subscriber)).await.header("etag").to_owned();
    assert_eq!(with_tag(&site, &path, Some(&subscriber), &tag).await.status, 304);
    let guest = with_tag(&site, &path, None, &tag).await;
    assert_eq!((guest.status, guest.header("cache-control")), (403, "private, no-store"));
    assert_eq!(guest.header("etag"), "");
    assert_eq!(with_tag(&site, &path, Some("nonsense"), &tag).await.status, 401);
    site.rule(1, "subscriber", &format!("film:{NEW}"), "deny").await;
    assert_eq!(with_tag(&site, &path, Some(&subscriber), &tag).await.status, 403);
}
