//! `GET /genres`, `/genres/{id}`, `/directors`, `/directors/{id}`

use insta::assert_json_snapshot;
use serde_json::{Value, json};
use tests::until;

use crate::sample_films::{NEW_FILMS, OLD_FILMS};
use crate::site::Site;

fn film(id: &str, labels: &[&str], genres: &Value, director: &str) -> Value {
    json!({
        "id": id, "title": id, "genres": genres,
        "directors": [{ "id": director, "name": format!("Name of {director}") }],
        "access": { "labels": labels, "labelled_at": "2025-01-01T00:00:00Z" },
    })
}

fn names(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({ "id": id, "name": id.to_uppercase() })).collect()
}

#[tokio::test]
async fn only_genres_and_directors_of_visible_films_are_listed_and_counted() {
    let site = Site::open().await;
    for (id, labels, genres, director) in [
        ("a", &[][..], names(&["war", "drama", "drama"]), "seen"),
        ("b", &["new"], names(&["war", "secret"]), "unseen"),
        ("c", &[], json!({ "id": "single", "name": "Single" }), "seen"),
        ("d", &[], json!([{ "id": "nameless" }]), "seen"),
    ] {
        site.index.put(id, &film(id, labels, &genres, director)).await;
    }
    let subscriber = site.subscriber().await;
    assert_json_snapshot!(site.get("/genres/", None).await.json(), @r#"
    {
      "items": [
        {
          "films": 18,
          "id": "drama",
          "name": "DRAMA"
        },
        {
          "films": 1,
          "id": "nameless",
          "name": "nameless"
        },
        {
          "films": 1,
          "id": "single",
          "name": "Single"
        },
        {
          "films": 1,
          "id": "war",
          "name": "WAR"
        }
      ],
      "next": null,
      "page": null,
      "pages": null,
      "total": 4,
      "total_is": "exact"
    }
    "#);
    let all = site.get("/genres", Some(&subscriber)).await.json();
    let counts: Vec<(&str, u64)> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|genre| (genre["id"].as_str().unwrap(), genre["films"].as_u64().unwrap()))
        .collect();
    let dramas = u64::try_from(OLD_FILMS + NEW_FILMS + 1).unwrap();
    let expected = [("drama", dramas), ("nameless", 1), ("secret", 1), ("single", 1), ("war", 2)];
    assert_eq!(counts, expected);
    // What is listed can be read, with the same number, and is what the films of the list add up to.
    for genre in all["items"].as_array().unwrap() {
        let id = genre["id"].as_str().unwrap();
        assert_eq!(&site.get(&format!("/genres/{id}"), Some(&subscriber)).await.json(), genre);
        let films = site.get(&format!("/movies/?genre={id}"), Some(&subscriber)).await.json();
        assert_eq!(films["total"], genre["films"]);
    }
    let war = site.get("/genres/war", None).await.json();
    assert_eq!(war, json!({ "id": "war", "name": "WAR", "films": 1 }));

    let directors = site.get("/directors/?page=1", None).await.json();
    assert_eq!((&directors["total"], &directors["pages"]), (&json!(2), &json!(1)));
    assert_eq!(directors["items"][1], json!({ "id": "seen", "name": "Name of seen", "films": 3 }));
    let hidden = site.get("/directors/unseen", None).await;
    assert_eq!(hidden.problem(), (404, "director_not_found".into()));
    assert_eq!(site.get("/directors/unseen", Some(&subscriber)).await.status, 200);
    for id in ["secret", "nope", "%ff", "Drama"] {
        let answer = site.get(&format!("/genres/{id}"), None).await;
        assert_eq!(answer.problem(), (404, "genre_not_found".into()), "{id}");
    }
    assert_eq!(
        site.get("/directors/%ff", None).await.problem(),
        (404, "director_not_found".into())
    );
}

#[tokio::test]
async fn many_directors_are_reached_by_pages_cursors_and_the_complete_list() {
    const MANY: usize = 10_050;
    let site = Site::open().await;
    let director = |n: usize| {
        let (id, director) = (format!("film-{n:05}"), format!("d-{n:05}"));
        let film = film(&id, &[], &json!([]), &director);
        (id, film)
    };
    site.index.put_all((0..MANY).map(director)).await;
    let total = MANY + 1;
    let whole = site.get("/directors", None).await.json();
    let all = whole["items"].as_array().unwrap();
    assert_eq!((all.len(), &whole["total"]), (total, &json!(total)));
    assert_eq!(all[7], json!({ "id": "d-00007", "name": "Name of d-00007", "films": 1 }));
    assert!(all.is_sorted_by(|a, b| a["id"].as_str() < b["id"].as_str()));
    until("the point in time is closed", async || site.index.open_searches().await == 0).await;

    let mut page = site.get("/directors/?page=833", None).await.json();
    assert_eq!((&page["total"], &page["total_is"]), (&json!(10_000), &json!("at_least")));
    let exact = site.get("/directors/?page=833&total=exact", None).await.json();
    assert_eq!((&exact["total"], &exact["total_is"]), (&json!(total), &json!("exact")));
    assert_eq!(site.get("/directors/?page=834", None).await.problem().1, "page_too_deep");
    let mut deepest = page["items"].as_array().unwrap().clone();
    while let Some(next) = page["next"].as_str() {
        page = site.get(&format!("/directors/?cursor={next}"), None).await.json();
        deepest.extend(page["items"].as_array().unwrap().iter().cloned());
    }
    assert_eq!(deepest, all[832 * 12..]);

    let first = site.get("/directors/?page=1", None).await.json();
    let next = first["next"].as_str().unwrap();
    let second = site.get(&format!("/directors/?cursor={next}"), None).await.json();
    assert_eq!(second["items"].as_array().unwrap(), &all[12..24]);
    let foreign = site.get(&format!("/movies/?cursor={next}"), None).await;
    assert_eq!(foreign.problem(), (422, "field_invalid".into()));
}

#[tokio::test]
async fn genres_of_an_index_that_does_not_nest_them_are_listed() {
    let site = Site::open().await;
    let plain = tests::Index::new();
    let keyword = json!({ "type": "keyword" });
    let by_label = json!({ "type": "object", "dynamic": "strict" });
    let instant = json!({ "type": "date", "format": policies::mapping::INSTANT_FORMAT });
    let access = json!({ "dynamic": "strict", "properties": {
        "labels": keyword, "rules": keyword, "labelled_at": instant, "from": by_label, "until": by_label,
    } });
    let mapping = json!({ "mappings": { "properties": {
        "id": keyword, "access": access, "genres": { "properties": { "id": keyword } },
        "directors": { "properties": { "id": keyword } },
    } } });
    plain.request(reqwest::Method::PUT, "", Some(mapping)).await;
    for (id, genres) in [("a", ["war", "drama"]), ("b", ["drama", "crime"])] {
        plain.put(id, &film(id, &[], &names(&genres), "someone")).await;
    }
    let movie = site.another(&[("FILMS_INDEX", &plain.name)]);
    let genres = crate::site::get(&movie.url, "/genres", None).await.json();
    let expected = json!([
        { "id": "crime", "name": "CRIME", "films": 1 }, { "id": "drama", "name": "DRAMA", "films": 2 },
        { "id": "war", "name": "WAR", "films": 1 },
    ]);
    assert_eq!(genres["items"], expected);
    let films = crate::site::get(&movie.url, "/movies/?genre=drama&sort=title", None).await.json();
    assert_eq!(films["total"], 2);
}
