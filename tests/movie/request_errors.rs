//! Invalid requests, and CORS.

use reqwest::{Client, Method};

use tests::KeptConnection;
use tests::openapi::{Operation, operations};

use crate::site::{Site, send};

#[tokio::test]
async fn an_invalid_parameter_is_named() {
    let site = Site::open().await;
    let many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    let bad = [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=abc", "page"),
        ("page=", "page"),
        ("page=1.5", "page"),
        ("page=99999999999999999999", "page"),
        ("page=1&page=1", "page"),
        ("status=new&status=new", "status"),
        ("total=all", "total"),
        ("cursor=", "cursor"),
        ("cursor=0.12", "cursor"),
        ("cursor=e30", "cursor"),
        ("page=1&cursor=e30", "cursor"),
        ("sort=id", "sort"),
        ("year=0", "year"),
        ("year=10000", "year"),
        ("year_from=x", "year_from"),
        ("year_to=-1", "year_to"),
        ("min_rating=11", "min_rating"),
        ("min_rating=-1", "min_rating"),
        ("min_rating=NaN", "min_rating"),
        ("min_rating=inf", "min_rating"),
        (&format!("query={}", "x".repeat(201)), "query"),
        (&format!("query={}", "x+".repeat(17)), "query"),
        (&format!("genre={}", "x".repeat(513)), "genre"),
        (&format!("director={}", "x".repeat(513)), "director"),
        (&format!("ids={}", many.join(",")), "ids"),
    ];
    for (query, field) in bad {
        for path in ["/movies", "/movies/"] {
            let answer = site.get(&format!("{path}?{query}"), None).await;
            assert_eq!(answer.problem(), (422, "field_invalid".into()), "{query}");
            assert_eq!(answer.json()["field"], field);
        }
    }
}

#[tokio::test]
async fn an_invalid_parameter_is_explained() {
    let site = Site::open().await;
    let whole = "Must be a whole number within the documented limits.";
    for (query, detail) in [
        ("page=0", "Must be at least 1."),
        ("page=abc", whole),
        ("page=99999999999999999999", whole),
        ("page=", "Must not be empty."),
        ("min_rating=11", "Must be at most 10."),
        ("min_rating=x", "Must be a number."),
        ("sort=id", "Must be one of the values that `/openapi.json` lists."),
        (&format!("query={}", "x".repeat(201)), "Must have at most 200 characters."),
    ] {
        let answer = site.get(&format!("/movies?{query}"), None).await.json();
        assert_eq!(answer["detail"], detail, "{query}");
    }
}

#[tokio::test]
async fn unknown_and_repeated_parameters_are_refused_by_every_operation() {
    let site = Site::open().await;
    let document = site.get("/openapi.json", None).await.json();
    // Probes may ask with any parameters.
    let strict = |operation: &Operation| !operation.path.starts_with("/health/");
    for operation in operations(&document).into_iter().filter(strict) {
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
        let url = format!("{}{}", site.movie.url, operation.path.replace("{id}", "x"));
        let request = Client::new().request(method.clone(), format!("{url}?nonsense=1"));
        let answer = send(request, None).await;
        assert_eq!(answer.problem(), (422, "field_invalid".into()), "{operation:?}");
        assert_eq!(answer.json()["field"], "nonsense");
        for parameter in operation.object["parameters"].as_array().into_iter().flatten() {
            if parameter["in"] == "query" {
                let name = parameter["name"].as_str().unwrap();
                let request = Client::new().request(method.clone(), format!("{url}?{name}&{name}"));
                let answer = send(request, None).await;
                assert_eq!(answer.problem(), (422, "field_invalid".into()), "{operation:?}");
                assert_eq!(answer.json()["field"], name);
            }
        }
    }
    let typo = site.get("/movies/?min_ratng=7", None).await.json();
    assert_eq!(typo["detail"], "Unknown query parameter; did you mean `min_rating`?");
}

#[tokio::test]
async fn a_page_beyond_the_result_window_is_refused() {
    let site = Site::open().await;
    let last = site.get("/movies/?page=833", None).await;
    assert_eq!((last.status, &last.json()["items"]), (200, &serde_json::json!([])));
    let deeper = site.get("/movies/?page=834", None).await;
    assert_eq!(deeper.problem(), (422, "page_too_deep".into()));
    assert_eq!(deeper.json()["field"], "page");
    assert!(deeper.json()["detail"].as_str().unwrap().contains("`cursor`"));
}

#[tokio::test]
async fn unknown_paths_and_methods_return_problems() {
    let site = Site::open().await;
    for path in ["/nope", "/movies/a/b", "/movie", "/app"] {
        assert_eq!(site.get(path, None).await.problem(), (404, "not_found".into()));
    }
    for path in ["/", "/movies/", "/movies/x", "/openapi.json", "/health/live"] {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let answer =
                send(Client::new().request(method, site.movie.url.clone() + path), None).await;
            assert_eq!(answer.problem(), (405, "method_not_allowed".into()));
            assert_eq!(answer.header("allow"), "GET, HEAD");
        }
    }
    let head = send(Client::new().head(site.movie.url.clone() + "/movies/"), None).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

#[tokio::test]
async fn only_configured_origins_are_allowed() {
    let site = Site::open().await;
    let movie =
        site.another(&[("MOVIE_CORS_ORIGINS", "https://films.example, http://localhost:3000")]);
    for (origin, allowed) in [
        ("https://films.example", true),
        ("http://localhost:3000", true),
        ("https://evil.example", false),
    ] {
        let plain = Client::new().get(movie.url.clone() + "/movies/").header("origin", origin);
        let plain = send(plain, None).await;
        assert_eq!(plain.status, 200);
        assert_eq!(plain.header("access-control-allow-origin") == origin, allowed);
        assert_eq!(plain.header("vary"), "Authorization, Origin");
        let preflight = Client::new()
            .request(Method::OPTIONS, movie.url.clone() + "/movies/")
            .header("origin", origin)
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization");
        let preflight = send(preflight, None).await;
        assert_eq!(preflight.status, if allowed { 204 } else { 403 });
        assert_eq!(preflight.header("access-control-allow-origin") == origin, allowed);
        assert_eq!(preflight.header("vary"), "Authorization, Origin");
    }
    let plain = send(Client::new().get(movie.url.clone() + "/movies/"), None).await;
    assert_eq!(plain.header("vary"), "Authorization, Origin");
}

#[tokio::test]
async fn a_body_that_nobody_reads_does_not_cost_the_next_request() {
    let site = Site::open().await;
    let mut connection = KeptConnection::to(&site.movie.url).await;
    for (target, status) in [("POST /movies", 405), ("PUT /nothing", 404), ("GET /movies", 200)] {
        let head = format!("{target} HTTP/1.1\r\nHost: movie\r\nContent-Length: 9\r\n\r\n");
        connection.send(head).await;
        assert_eq!(connection.response().await.0, status, "{target}");
        connection.send("[1, 2, 3]").await;
    }
    connection.send("GET /health/live HTTP/1.1\r\nHost: movie\r\n\r\n").await;
    assert_eq!(connection.response().await.0, 200);
}
