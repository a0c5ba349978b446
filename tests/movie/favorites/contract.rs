//! The operations on favorites in `/openapi.json`: every documented answer occurs, and no other.

use std::collections::BTreeSet;

use reqwest::{Client, Method};
use serde_json::json;
use tests::{Answer, Index};

use super::{FavoriteSite, LIMIT};
use crate::openapi::codes;
use crate::sample_films::{NEW, OLD};
use crate::site::{Running, send};

const PATH: &str = "/favorites/movies";
const FILM: &str = "/favorites/movies/{id}";

type Answers = BTreeSet<(Method, u16, String)>;

fn documented(specification: &serde_json::Value) -> Answers {
    let mut answers = Answers::new();
    for (path, method) in [(PATH, Method::GET), (FILM, Method::POST), (FILM, Method::DELETE)] {
        let operation = &specification["paths"][path][method.as_str().to_lowercase()];
        for (status, response) in operation["responses"].as_object().unwrap() {
            let status = status.parse().unwrap();
            let codes = codes(response["description"].as_str().unwrap());
            answers.extend(codes.into_iter().map(|code| (method.clone(), status, code.to_owned())));
        }
    }
    answers
}

fn observed(answer: &Answer) -> (Method, u16, String) {
    let code = match answer.status {
        // Problem codes about tokens are those of auth-server.
        200 | 204 | 304 | 401 => String::new(),
        _ => answer.problem().1,
    };
    (answer.method.clone(), answer.status, code)
}

#[tokio::test]
async fn every_documented_answer_occurs_and_no_other() {
    let mut site = FavoriteSite::open().await;
    let (ada, bob) = (site.register("ada").await, site.register("bob").await);
    site.fill(&site.id(&bob).await, LIMIT).await;
    let mut seen = Answers::new();
    let list = Client::new().get(format!("{}{PATH}", site.movie.url)).header("if-none-match", "*");
    seen.insert(observed(&send(list, Some(&ada)).await));
    let mut see = async |movie: &Running, method: &Method, path: &str, token: Option<&str>| {
        let request = Client::new().request(method.clone(), format!("{}{PATH}{path}", movie.url));
        seen.insert(observed(&send(request, token).await));
    };
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    let (old, new) = (format!("/{OLD}"), format!("/{NEW}"));
    for query in ["", "?page=0", "?page=834"] {
        see(&site.movie, &get, query, Some(&ada)).await;
    }
    for path in [&*old, &new, "/nope", &format!("{old}?x")] {
        see(&site.movie, &post, path, Some(&ada)).await;
        see(&site.movie, &delete, path, Some(&ada)).await;
    }
    see(&site.movie, &post, &old, Some(&bob)).await;
    let disabled = site.another(&[("MOVIE_DATABASE_URL", "")]);
    let unavailable = site.another(&[("MOVIE_DATABASE_URL", "postgres://x@127.0.0.1:1/x")]);
    let no_catalogue = site.another(&[("ELASTICSEARCH_URL", "http://127.0.0.1:1")]);
    // A mapping that Elasticsearch has guessed.
    let guessed = Index::new();
    guessed.put("x", &json!({ "id": "x", "access": { "labels": ["new"] } })).await;
    let unusable = site.another(&[("FILMS_INDEX", &guessed.name)]);
    let operations = [(&get, ""), (&post, &*old), (&delete, &*old)];
    for (method, path) in operations {
        see(&site.movie, method, path, None).await;
        for movie in [&disabled, &unavailable, &no_catalogue, &unusable] {
            see(movie, method, path, Some(&ada)).await;
        }
    }
    let specification = crate::site::get(&site.movie.url, "/openapi.json", None).await.json();
    site.site.auth.signal("KILL");
    site.site.auth.wait();
    for (method, path) in operations {
        see(&site.movie, method, path, Some(&ada)).await;
    }
    let mut documented = documented(&specification);
    // Observed in `long_list`, with lists that are long enough.
    documented.remove(&(get, 503, "full_lists_busy".to_owned()));
    assert_eq!(documented, seen);
}
