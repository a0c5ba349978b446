//! `GET /movies/{id}`

use insta::assert_json_snapshot;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tests::Index;

use crate::sample_films::{NEW, OLD};
use crate::site::{Site, get};

#[tokio::test]
async fn a_guest_can_read_an_open_film() {
    let site = Site::open().await;
    let answer = site.get(&format!("/movies/{OLD}"), None).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    assert!(answer.header("vary").contains("Authorization"));
    assert_json_snapshot!(answer.json(), @r#"
    {
      "description": "Something happens.",
      "directors": [
        {
          "id": "jane-doe",
          "name": "Jane Doe"
        }
      ],
      "genres": [
        {
          "id": "drama",
          "name": "Drama"
        }
      ],
      "id": "old-07",
      "imdb_rating": 8.0,
      "labels": [],
      "mpaa_rating": "PG",
      "poster": null,
      "release_date": "1994-09-23",
      "title": "Film old-07"
    }
    "#);
}

#[tokio::test]
async fn a_refusal_gives_the_reason_and_ends_when_the_role_is_granted() {
    let site = Site::open().await;
    let path = format!("/movies/{NEW}");
    let guest = site.get(&path, None).await;
    assert_eq!(guest.problem(), (403, "film_forbidden".into()));
    assert_json_snapshot!(guest.json(), { ".reason.code" => "[code]" }, @r#"
    {
      "caller": "guest",
      "code": "film_forbidden",
      "detail": "A guest may not read films with the label `new`.",
      "reason": {
        "code": "[code]",
        "label": "new"
      },
      "status": 403,
      "title": "The caller may not read this film.",
      "type": "about:blank"
    }
    "#);
    let token = site.register("bob").await;
    let user = site.get(&path, Some(&token)).await;
    assert_eq!((user.status, &user.json()["caller"]), (403, &"user".into()));
    site.grant(&token, "subscriber").await;
    assert_eq!(site.get(&path, Some(&token)).await.status, 200);
}

#[tokio::test]
async fn an_unknown_film_is_not_found() {
    let site = Site::open().await;
    let root = site.superuser().await;
    for path in ["/movies/nope", "/movies/%ff", "/movies/_search", "/movies/a%2Fb%00c"] {
        for token in [None, Some(root.as_str())] {
            assert_eq!(site.get(path, token).await.problem(), (404, "film_not_found".into()));
        }
    }
}

fn labelled(id: &str, labels: &[&str]) -> Value {
    let access = json!({ "labels": labels, "labelled_at": "2026-01-01T00:00:00Z" });
    json!({ "id": id, "title": "Film", "access": access })
}

/// An alias of these indices, each with a filter.
async fn alias(name: &str, indices: &[(&Index, Value)]) {
    let mut actions = Vec::new();
    for (index, filter) in indices {
        let add = json!({ "index": index.behind().await, "alias": name, "filter": filter });
        actions.push(json!({ "add": add }));
    }
    let url = format!("{}/_aliases", indices[0].0.server);
    let answer = Client::new().post(url).json(&json!({ "actions": actions })).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

/// An index with the mapping of the site's.
async fn twin(site: &Site) -> Index {
    let index = Index::new();
    let body = json!({ "mappings": site.index.mapping().await });
    index.request(Method::PUT, "", Some(body)).await;
    index
}

#[tokio::test]
async fn a_film_outside_a_filtered_alias_does_not_exist() {
    let site = Site::open().await;
    let name = format!("{}-pg", site.index.name);
    alias(&name, &[(&site.index, json!({ "term": { "mpaa_rating": "PG" } }))]).await;
    let movie = site.another(&[("FILMS_INDEX", &name)]);
    let root = site.superuser().await;
    for token in [None, Some(root.as_str())] {
        let found = get(&movie.url, "/movies/old-07", token).await;
        assert_eq!(found.status, 200, "{found:?}");
        let outside = get(&movie.url, "/movies/old-05", token).await;
        assert_eq!(outside.problem(), (404, "film_not_found".into()));
    }
}

#[tokio::test]
async fn of_the_copies_of_a_film_in_two_indices_the_one_that_lists_show_is_found() {
    let site = Site::open().await;
    let other = twin(&site).await;
    for (id, labels) in [("elsewhere", vec![]), (OLD, vec!["new"]), ("old-06", vec![])] {
        other.put(id, &labelled(id, &labels)).await;
    }
    let name = format!("{}-both", site.index.name);
    let all = json!({ "match_all": {} });
    alias(&name, &[(&site.index, all.clone()), (&other, all)]).await;
    let movie = site.another(&[("FILMS_INDEX", &name)]);
    for (id, status) in
        [("elsewhere", 200), ("old-08", 200), ("old-06", 200), (OLD, 200), (NEW, 403)]
    {
        let found = get(&movie.url, &format!("/movies/{id}"), None).await;
        assert_eq!(found.status, status, "{id}");
        let listed = get(&movie.url, &format!("/movies/?ids={id}"), None).await.json();
        let copies = listed["items"].as_array().unwrap();
        assert_eq!(status == 200, copies.contains(&found.json()), "{id}: {listed}");
    }
}

#[tokio::test]
async fn a_film_with_custom_routing_is_found() {
    let site = Site::open().await;
    let index = Index::new();
    let body = json!({
        "settings": { "index.number_of_shards": 5 },
        "mappings": site.index.mapping().await,
    });
    index.request(Method::PUT, "", Some(body)).await;
    for n in 0..10 {
        let path = format!("/_doc/routed?routing={n}&refresh=true");
        index.request(Method::DELETE, "/_doc/routed", None).await;
        index.request(Method::PUT, &path, Some(labelled("routed", &[]))).await;
        let movie = site.another(&[("FILMS_INDEX", &index.name)]);
        assert_eq!(get(&movie.url, "/movies/routed", None).await.status, 200, "routing {n}");
        let path = format!("/_doc/routed?routing={n}&refresh=true");
        index.request(Method::DELETE, &path, None).await;
    }
}

#[tokio::test]
async fn a_document_whose_id_differs_is_no_film() {
    let site = Site::open().await;
    let root = site.superuser().await;
    let before = site.get("/movies/", Some(&root)).await.json();
    site.index.put("none", &json!({ "title": "None" })).await;
    assert_eq!(site.get("/movies/", Some(&root)).await.json(), before);
    site.index.put("a", &labelled("b", &[])).await;
    site.index.put("7", &json!({ "id": 7, "title": "Seven" })).await;
    for id in ["a", "b", "7", "none"] {
        for token in [None, Some(root.as_str())] {
            let answer = site.get(&format!("/movies/{id}"), token).await;
            assert_eq!(answer.problem(), (404, "film_not_found".into()), "{id}");
        }
    }
    assert_eq!(site.get("/movies/", Some(&root)).await.json()["items"], before["items"]);
}

/// It has the place of the film whose id it claims in the order of a list, and may be the last of a page.
#[tokio::test]
async fn a_document_whose_id_differs_costs_no_film_its_place() {
    let site = Site::open().await;
    let rated = |id: &str, rating: u32| {
        let mut film = labelled(id, &[]);
        film["imdb_rating"] = json!(rating);
        film["genres"] = json!([{ "id": "drama", "name": "Drama" }]);
        film
    };
    let first = (0..11).map(|n| (format!("a{n:02}"), 100));
    let films = first.chain([("b".to_owned(), 99), ("c".to_owned(), 98)]);
    let films: Vec<_> = films.map(|(id, rating)| (id.clone(), rated(&id, rating))).collect();
    site.index.put_all(films.iter().cloned()).await;
    site.index.put("impostor", &rated("b", 99)).await;
    site.index.put("0", &rated("!", 101)).await;

    let mut page = site.get("/movies/?page=1", None).await.json();
    let mut ids = Vec::new();
    loop {
        let items = page["items"].as_array().unwrap().iter();
        ids.extend(items.map(|film| film["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        page = site.get(&format!("/movies/?cursor={next}"), None).await.json();
    }
    let expected: Vec<_> = films.into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids[..expected.len()], expected);
    assert_eq!(site.get("/genres/drama", None).await.json()["name"], "Drama");
}

#[tokio::test]
async fn a_deny_that_names_a_film_applies_to_lists_too() {
    let site = Site::open().await;
    site.rule(5, "anonymous", &format!("film:{OLD}"), "deny").await;
    let list = site.get("/movies/", None).await.json();
    let listed = list["items"].as_array().unwrap().iter().any(|film| film["id"] == OLD);
    assert!(!listed);
    assert_eq!(site.get(&format!("/movies/{OLD}"), None).await.status, 403);
}

/// One such document must not make every answer unreadable.
#[tokio::test]
async fn a_lone_surrogate_in_a_document_is_shown_as_a_question_mark() {
    let site = Site::open().await;
    let url = format!("{}/{}/_doc/odd?refresh=true", site.index.server, site.index.name);
    let access = r#"{"labels":["a\ud83d"],"labelled_at":"2026-01-01T00:00:00Z"}"#;
    let film = format!(r#"{{"id":"odd","title":"Odd \ud83d","access":{access}}}"#);
    let request = Client::new().put(url).header("content-type", "application/json").body(film);
    assert_eq!(request.send().await.unwrap().status(), 201);
    assert_eq!(site.get("/movies/odd", None).await.json()["title"], "Odd ?");
    assert_eq!(site.get("/movies/", None).await.status, 200);
    site.rule(5, "anonymous", "label:a*", "deny").await;
    assert_eq!(site.get("/movies/odd", None).await.problem(), (403, "film_forbidden".into()));
}

/// Elasticsearch keeps numbers that no double can hold.
#[tokio::test]
async fn a_huge_number_in_a_document_makes_no_list_unreadable() {
    let site = Site::open().await;
    let url = format!("{}/{}/_doc/huge?refresh=true", site.index.server, site.index.name);
    let access = r#"{"labels":["a",1e400],"labelled_at":"2026-01-01T00:00:00Z"}"#;
    let film = format!(r#"{{"id":"huge","title":1e400,"budget":1e400,"access":{access}}}"#);
    let request = Client::new().put(url).header("content-type", "application/json").body(film);
    let put = request.send().await.unwrap();
    assert_eq!(put.status(), 201, "{}", put.text().await.unwrap());
    let root = site.superuser().await;
    for path in ["/movies/huge", "/movies/", "/movies/?page=1"] {
        assert_eq!(site.get(path, Some(&root)).await.status, 200, "{path}");
    }
    site.rule(5, "anonymous", "label:a*", "deny").await;
    assert_eq!(site.get("/movies/huge", None).await.problem(), (403, "film_forbidden".into()));
}
