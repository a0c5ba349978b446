//! An index whose mapping could make a search and a check differ: nothing is shown from it.

use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tests::{Index, until};
use tokio::time::timeout;

use crate::sample_films::OLD;
use crate::site::{Running, Site, get};

const PATHS: [&str; 4] = ["/movies/", "/movies/?page=1", "/movies/film", "/health/ready"];

/// The mapping of the sample films, changed.
async fn changed(site: &Site, pointer: &str, value: Value) -> Value {
    let mut mapping = site.index.mapping().await;
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    mapping.pointer_mut(parent).unwrap()[key] = value;
    mapping
}

/// An index with this mapping and a film that everyone may read.
async fn index(mapping: &Value) -> Index {
    let index = Index::new();
    index.request(Method::PUT, "", Some(json!({ "mappings": mapping }))).await;
    let access = json!({ "labels": [], "labelled_at": "2026-01-01T00:00:00Z" });
    index.put("film", &json!({ "id": "film", "title": "Film", "access": access })).await;
    index
}

async fn assert_unusable(movie: &Running) {
    for path in PATHS {
        let answer = get(&movie.url, path, None).await;
        assert_eq!(answer.problem(), (503, "catalogue_unusable".into()), "{path}");
        assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
    }
    assert_eq!(get(&movie.url, "/health/live", None).await.status, 200);
}

fn complaints(movie: &Running, text: &str) -> usize {
    movie.log().iter().filter(|line| line.contains(text)).count()
}

#[tokio::test]
async fn nothing_is_shown_from_an_index_with_another_mapping() {
    let site = Site::open().await;
    let date = json!({ "type": "date" });
    for (field, mapping) in [
        ("id", json!({ "type": "text" })),
        ("access/properties/labels", json!({ "type": "text" })),
        ("access/properties/labels", json!({ "type": "keyword", "ignore_above": 9 })),
        ("access/properties/labelled_at", date.clone()),
        ("access/properties/until/properties/new", date),
        ("access/dynamic", json!("true")),
    ] {
        let mapping = changed(&site, &format!("/properties/{field}"), mapping).await;
        let index = index(&mapping).await;
        let movie = site.another(&[("FILMS_INDEX", &index.name)]);
        assert_unusable(&movie).await;
        let field = field.replace("/properties", "").replace('/', ".").replace(".dynamic", "");
        assert_eq!(complaints(&movie, &format!("index {}: `{field}` must be", index.name)), 1);
    }
}

#[tokio::test]
async fn an_index_that_the_labeler_has_not_prepared_is_unusable() {
    let site = Site::open().await;
    let index = Index::new();
    index.request(Method::PUT, "", None).await;
    let movie = site.another(&[("FILMS_INDEX", &index.name)]);
    assert_unusable(&movie).await;
}

/// Points the alias to one index only.
async fn switch(alias: &str, to: &Index) {
    let actions = json!({ "actions": [
        { "remove": { "index": "films-test-*", "alias": alias, "must_exist": false } },
        { "add": { "index": to.behind().await, "alias": alias } },
    ] });
    let url = format!("{}/_aliases", to.server);
    let answer = Client::new().post(url).json(&actions).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

#[tokio::test]
async fn a_change_is_noticed_within_five_seconds_and_recovery_needs_no_restart() {
    let site = Site::open().await;
    let text = json!({ "type": "text" });
    let unusable = index(&changed(&site, "/properties/access/properties/labels", text).await).await;
    let alias = format!("{}-alias", site.index.name);
    switch(&alias, &site.index).await;
    let movie = site.another(&[("FILMS_INDEX", &alias)]);
    let path = format!("/movies/{OLD}");
    let status = async || get(&movie.url, &path, None).await.status;
    assert_eq!(status().await, 200);
    for (index, expected) in [(&unusable, 503), (&site.index, 200)] {
        switch(&alias, index).await;
        let noticed = until("the change is noticed", async || status().await == expected);
        timeout(Duration::from_secs(10), noticed).await.unwrap();
    }
    assert_eq!(get(&movie.url, "/health/ready", None).await.status, 200);
    assert_eq!(complaints(&movie, "`access.labels` must be a keyword"), 1, "{:?}", movie.log());
    assert_eq!(complaints(&movie, "mapping of the index of films is usable"), 2);
}
