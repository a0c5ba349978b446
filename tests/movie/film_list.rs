//! `GET /movies/` lists exactly what the rules allow.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tests::Index;

use crate::sample_films::{self, NEW_FILMS, OLD_FILMS};
use crate::site::{Running, Site, get};

type Ids = BTreeSet<String>;

/// The items of all pages, up to the first empty one.
async fn pages(site: &Site, query: &str, token: Option<&str>) -> Vec<Value> {
    let mut items = Vec::new();
    for page in 1.. {
        let answer = site.get(&format!("/movies/?page={page}{query}"), token).await;
        assert_eq!((answer.status, answer.header("x-authorization")), (200, ""), "{answer:?}");
        let list = answer.json();
        let found = list["items"].as_array().unwrap();
        if found.is_empty() {
            assert_eq!(list["total"], items.len());
            assert_eq!(list["pages"], items.len().div_ceil(12));
            break;
        }
        assert!(list["page"] == page && found.len() <= 12);
        items.extend(found.iter().cloned());
    }
    items
}

fn ids(items: &[Value]) -> Ids {
    let ids: Ids = items.iter().map(|film| film["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), items.len(), "a film is listed twice");
    ids
}

/// The films that auth-server allows one by one.
async fn allowed(site: &Site, token: Option<&str>) -> Ids {
    let mut allowed = Ids::new();
    for (id, source) in site.index.documents().await {
        let mut resource = json!({ "type": "film", "id": id });
        if let Some(access) = source.get("access") {
            resource["access"] = access.clone();
        }
        let body = json!({ "action": "read", "resource": resource });
        let answer = site.caller(token).post("check", &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        if answer.json()["allowed"] == true {
            allowed.insert(id);
        }
    }
    allowed
}

#[tokio::test]
async fn every_caller_gets_exactly_the_films_that_the_rules_allow() {
    let site = Site::open().await;
    for (id, source) in sample_films::odd() {
        site.index.put(id, &source).await;
    }
    site.rule(50, "anonymous", "film:new-05", "allow").await;
    site.rule(60, "anonymous", "label:adult", "deny").await;
    site.rule(70, "anonymous", "film:old-1*", "deny").await;
    let (subscriber, root) = (site.subscriber().await, site.superuser().await);
    let mut seen = Vec::new();
    for token in [None, Some(subscriber.as_str()), Some(&root)] {
        let listed = ids(&pages(&site, "", token).await);
        assert_eq!(listed, allowed(&site, token).await);
        let whole = site.get("/movies", token).await.json();
        assert_eq!(ids(whole["items"].as_array().unwrap()), listed);
        assert_eq!(whole["total"], listed.len());
        assert!(whole["page"].is_null() && whole["pages"].is_null());
        for (id, _) in site.index.documents().await {
            let path = format!("/movies/{}", id.replace('/', "%2F"));
            let expected = if listed.contains(&id) { 200 } else { 403 };
            assert_eq!(site.get(&path, token).await.status, expected, "{id}");
        }
        seen.push(listed.len());
    }
    assert!(seen.is_sorted_by(|fewer, more| fewer < more), "{seen:?}");
    assert_eq!(seen[2], OLD_FILMS + NEW_FILMS + sample_films::odd().len());
}

#[tokio::test]
async fn films_are_sorted_by_rating_then_by_id() {
    let site = Site::open().await;
    let root = site.superuser().await;
    let items = pages(&site, "", Some(&root)).await;
    let keys: Vec<(f64, &str)> = items
        .iter()
        .map(|film| (-film["imdb_rating"].as_f64().unwrap_or(0.0), film["id"].as_str().unwrap()))
        .collect();
    assert!(keys.is_sorted(), "{keys:?}");
    assert!(items.iter().all(|film| film.get("access").is_none()));
}

#[tokio::test]
async fn status_new_lists_the_latest_release_first_over_everything_the_caller_may_read() {
    let site = Site::open().await;
    let seen = json!({ "labels": [], "labelled_at": "2025-01-01T00:00:00Z" });
    for (id, date) in
        [("b-late", json!("2001-05-06")), ("a-late", json!("2001-05-06")), ("none", Value::Null)]
    {
        site.index
            .put(id, &json!({ "id": id, "title": id, "release_date": date, "access": seen }))
            .await;
    }
    let subscriber = site.subscriber().await;
    for (token, films) in [(None, OLD_FILMS + 3), (Some(&*subscriber), OLD_FILMS + NEW_FILMS + 3)] {
        let new = pages(&site, "&status=new", token).await;
        assert_eq!(new.len(), films);
        let keys: Vec<(Option<&str>, &str)> = new
            .iter()
            .map(|film| (film["release_date"].as_str(), film["id"].as_str().unwrap()))
            .collect();
        let sorted = keys.is_sorted_by(|a, b| a.0 > b.0 || (a.0 == b.0 && a.1 < b.1));
        assert!(sorted, "{keys:?}");
        assert_eq!(keys[films - 1], (None, "none"));
        // Any other text is the default order.
        let default = pages(&site, "", token).await;
        for status in ["old", "NEW", "", "new%20"] {
            assert_eq!(pages(&site, &format!("&status={status}"), token).await, default);
        }
    }
}

/// Films whose titles are in upper and lower case by turns.
async fn put_titles(index: &Index) {
    let access = json!({ "labels": [], "labelled_at": "2025-01-01T00:00:00Z" });
    let film = |n: u32| {
        let title = format!("title {n:02}");
        let title = if n.is_multiple_of(2) { title.to_uppercase() } else { title };
        let id = format!("film-{}", 99 - n);
        (id.clone(), json!({ "id": id, "title": title, "access": access }))
    };
    index.put_all((0..20).map(film)).await;
}

async fn titles(movie: &Running) -> Vec<String> {
    let mut titles = Vec::new();
    let mut path = "/movies/?page=1&sort=title".to_owned();
    loop {
        let page = get(&movie.url, &path, None).await.json();
        let films = page["items"].as_array().unwrap().iter();
        titles.extend(films.map(|film| film["title"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { return titles };
        path = format!("/movies/?sort=title&cursor={next}");
    }
}

#[tokio::test]
async fn titles_are_sorted_whatever_their_case_if_the_index_can() {
    let site = Site::open().await;
    let mut mapping = site.index.mapping().await;
    for (folded, expected) in [(true, "TITLE 00 title 01"), (false, "TITLE 00 TITLE 02")] {
        if !folded {
            mapping["properties"]["title"]["fields"].as_object_mut().unwrap().remove("folded");
        }
        let index = Index::new();
        index.request(Method::PUT, "", Some(json!({ "mappings": mapping }))).await;
        put_titles(&index).await;
        let movie = site.another(&[("FILMS_INDEX", &index.name)]);
        let titles = titles(&movie).await;
        assert_eq!((titles.len(), titles[..2].join(" ").as_str()), (20, expected));
        let sorted = if folded {
            titles.is_sorted_by_key(|title| title.to_lowercase())
        } else {
            titles.is_sorted()
        };
        assert!(sorted, "{titles:?}");
    }
}

#[tokio::test]
async fn a_list_continues_with_its_cursor_until_the_end() {
    let site = Site::open().await;
    let whole = site.get("/movies/", None).await.json();
    assert!(whole["next"].is_null() && whole["total_is"] == "exact", "{whole}");
    let mut page = site.get("/movies/?page=1", None).await.json();
    let mut items = page["items"].as_array().unwrap().clone();
    while let Some(next) = page["next"].as_str() {
        page = site.get(&format!("/movies/?cursor={next}"), None).await.json();
        items.extend(page["items"].as_array().unwrap().iter().cloned());
    }
    assert_eq!(&items, whole["items"].as_array().unwrap());
}
