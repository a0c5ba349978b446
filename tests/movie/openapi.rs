//! The contract in `/openapi.json`: every documented answer occurs, and no other.

use std::collections::BTreeSet;

use reqwest::{Client, Method};
use tests::{Answer, Index, until};

use crate::sample_films::{NEW, OLD};
use crate::site::{Site, get, send};

type Answers = BTreeSet<(String, u16, String)>;

/// The codes in the description of an answer, where they are listed as "- `code`: …"; an answer without
/// such a list has the code "".
pub(crate) fn codes(description: &str) -> Vec<&str> {
    let mut codes: Vec<&str> = description
        .lines()
        .filter_map(|line| line.strip_prefix("- `")?.split('`').next())
        .collect();
    if codes.is_empty() {
        codes.push("");
    }
    codes
}

/// Path, status and code of every answer in `/openapi.json`.
fn documented(specification: &serde_json::Value) -> Answers {
    let mut answers = Answers::new();
    let paths = specification["paths"].as_object().unwrap().iter();
    // Those of favorites and accounts are in `favorites::contract` and `accounts::contract`.
    let elsewhere = |path: &str| {
        ["/favorites/", "/auth/", "/user"].iter().any(|prefix| path.starts_with(prefix))
    };
    for (path, operations) in paths.filter(|(path, _)| !elsewhere(path)) {
        for (status, response) in operations["get"]["responses"].as_object().unwrap() {
            let codes = codes(response["description"].as_str().unwrap());
            let status = status.parse().unwrap();
            answers.extend(codes.iter().map(|code| (path.clone(), status, (*code).to_owned())));
        }
    }
    answers
}

fn observed(path: &str, answer: &Answer) -> (String, u16, String) {
    let code = match answer.status {
        // Problem codes about tokens are those of auth-server.
        200 | 304 | 401 => String::new(),
        _ => answer.problem().1,
    };
    (path.to_owned(), answer.status, code)
}

#[tokio::test]
async fn every_documented_answer_occurs_and_no_other() {
    let mut site = Site::open().await;
    let away = site.another(&[("ELASTICSEARCH_URL", "http://127.0.0.1:1")]);
    let lists = ["/movies", "/genres", "/directors"];
    let (show, ready) = ("/movies/{id}", "/health/ready");
    let facets = [("/genres/{id}", "/genres/drama"), ("/directors/{id}", "/directors/jane-doe")];
    let (old, new) = (format!("/movies/{OLD}"), format!("/movies/{NEW}"));
    let mut seen = Answers::new();
    for (operation, path, token) in [
        (show, old.as_str(), None),
        (show, &old, Some("x")),
        (show, &new, None),
        (show, "/movies/nope", None),
        (show, "/movies/nope?x", None),
        ("/health/live", "/health/live", None),
        ("/health/live", "/health/live?x", None),
        (ready, "/health/ready?x", None),
        (ready, "/health/ready", None),
    ] {
        seen.insert(observed(operation, &site.get(path, token).await));
    }
    for list in lists {
        for (query, token) in [
            ("", None),
            ("", Some("x")),
            ("?page=0", None),
            ("?page=834", None),
            ("?cursor=x", None),
        ] {
            seen.insert(observed(list, &site.get(&format!("{list}/{query}"), token).await));
        }
    }
    for (operation, path) in facets {
        for (query, token) in [("", None), ("", Some("x")), ("?x", None), ("-nope", None)] {
            seen.insert(observed(operation, &site.get(&format!("{path}{query}"), token).await));
        }
    }
    let unprepared = Index::new();
    unprepared.request(Method::PUT, "", None).await;
    let unusable = site.another(&[("FILMS_INDEX", &unprepared.name)]);
    let mut dependent: Vec<(&str, &str)> = lists.map(|list| (list, list)).to_vec();
    dependent.extend(facets);
    dependent.push((show, &old));
    for (operation, path) in &dependent {
        let request = Client::new().get(format!("{}{path}", site.movie.url));
        let answer = send(request.header("if-none-match", "*"), None).await;
        seen.insert(observed(operation, &answer));
    }
    for (operation, path) in dependent.iter().chain(&[(ready, ready)]) {
        for movie in [&away, &unusable] {
            seen.insert(observed(operation, &get(&movie.url, path, None).await));
        }
    }
    let refused = site.another(&[("MOVIE_CLIENT_ID", "x"), ("MOVIE_CLIENT_SECRET", "y")]);
    until("movie-api is refused", async || {
        get(&refused.url, "/health/ready", None).await.status == 503
    })
    .await;
    seen.insert(observed(ready, &get(&refused.url, "/health/ready", None).await));
    site.auth.signal("KILL");
    site.auth.wait();
    for (operation, path) in dependent {
        seen.insert(observed(operation, &site.get(path, Some("x")).await));
    }
    let mut documented = documented(&site.get("/openapi.json", None).await.json());
    // Only a background task that crashes makes the process not live; see `service::lifecycle`.
    assert!(documented.remove(&("/health/live".to_owned(), 503, String::new())));
    // Observed in `long_list`, with lists that are long enough.
    for list in lists {
        assert!(documented.remove(&(list.to_owned(), 503, "full_lists_busy".to_owned())));
    }
    assert_eq!(documented, seen);
}

#[tokio::test]
async fn the_documentation_page_loads_nothing_external() {
    let site = Site::open().await;
    let page = site.get("/docs", None).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    for attribute in ["src=\"http", "href=\"http", "src=\"//", "@import"] {
        assert!(!page.text.split("<script").next().unwrap().contains(attribute), "{attribute}");
    }
    let specification = site.get("/openapi.json", None).await.json();
    assert_eq!(specification["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}
