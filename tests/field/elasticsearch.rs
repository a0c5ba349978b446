//! Elasticsearch as it is installed: HTTPS with a CA of its own, API keys, several nodes, and proxies in the
//! environment. nginx in front of the real one checks what a cluster with security checks.

use std::fs;
use std::net::TcpStream;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use tests::program::{AUTH_SERVER, ETL_LABELER, MOVIE_API, Server};
use tests::{Database, Index, free_port, setting, until};

use crate::certificates::Certificates;
use crate::proxy::Proxy;

const KEY: &str = "VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw";
const ENCODED: &str = "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw==";

const FILM: &str = r#"{"id":"solaris","title":"Solaris","release_date":"1972-03-20"}"#;

/// An HTTPS endpoint of Elasticsearch that requires the API key.
async fn secured(port: u16, certificates: &Certificates) -> Option<Proxy> {
    let server = format!(
        r#"client_max_body_size 0;
        server {{
            listen 127.0.0.1:{port} ssl;
            ssl_certificate {};
            ssl_certificate_key {};
            location / {{
                if ($http_authorization != "ApiKey {ENCODED}") {{ return 401 '{{"error":"missing authentication"}}'; }}
                proxy_pass {};
            }}
        }}"#,
        certificates.text("cert.pem"),
        certificates.text("key.pem"),
        setting("ELASTICSEARCH_URL"),
    );
    listening(port, &server).await
}

/// A second node, which is the first one under another address.
async fn node(port: u16) -> Option<Proxy> {
    let server = format!(
        "client_max_body_size 0; server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {}; }} }}",
        setting("ELASTICSEARCH_URL")
    );
    listening(port, &server).await
}

async fn listening(port: u16, http: &str) -> Option<Proxy> {
    let proxy = Proxy::nginx(http)?;
    until("nginx listens", async || TcpStream::connect(("127.0.0.1", port)).is_ok()).await;
    Some(proxy)
}

fn movie_api(auth: &str, settings: &[(&str, &str)]) -> (Server, String) {
    let own =
        [("AUTH_URL", auth), ("MOVIE_LISTEN", "127.0.0.1:0"), ("MOVIE_OPS_LISTEN", "127.0.0.1:0")];
    let mut server = MOVIE_API.serve(&[&own, settings].concat());
    let url = server.url("api");
    (server, url)
}

fn auth_server(database: &Database) -> (Server, String) {
    let mut server = AUTH_SERVER.serve(&[
        ("DATABASE_URL", database.url.as_str()),
        ("AUTH_SECRET", &database.secret_text()),
        ("AUTH_LISTEN", "127.0.0.1:0"),
        ("AUTH_OPS_LISTEN", "127.0.0.1:0"),
    ]);
    let url = server.url("api");
    (server, url)
}

/// Status and titles of the list of films.
async fn films(movie: &str) -> (u16, usize) {
    let Ok(answer) = reqwest::get(format!("{movie}/movies/?page=1")).await else { return (0, 0) };
    let status = answer.status().as_u16();
    let body: serde_json::Value = answer.json().await.unwrap_or_default();
    (status, body["items"].as_array().map_or(0, Vec::len))
}

/// Imports and labels a film, and sees it in the list of movie-api, whose URL is returned.
async fn with_a_film(database: &Database, settings: &[(&str, &str)]) -> ([Server; 2], String) {
    let imported = ETL_LABELER.run(&["import", "-"], settings, FILM);
    assert_eq!(imported.status, Some(0), "{imported:?}");
    assert_eq!(ETL_LABELER.run(&["once"], settings, "").status, Some(0));
    let (auth, auth_url) = auth_server(database);
    let (movie, url) = movie_api(&auth_url, settings);
    until("films", async || films(&url).await == (200, 1)).await;
    ([auth, movie], url)
}

#[tokio::test]
async fn https_with_a_ca_of_its_own_and_an_api_key() {
    let (certificates, index, port) = (Certificates::create(), Index::new(), free_port());
    let Some(_nginx) = secured(port, &certificates).await else { return };
    let (url, ca) = (format!("https://127.0.0.1:{port}"), certificates.text("ca.pem"));
    let ca = ca.as_str();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), format!("{ENCODED}\n")).unwrap();
    let file = file.path().to_str().unwrap();
    let base = [("ELASTICSEARCH_URL", url.as_str()), ("FILMS_INDEX", &index.name)];
    let with = |more: &[(&'static str, &str)]| -> Vec<(String, String)> {
        let all = base.iter().chain(more);
        all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let run = |settings: &[(String, String)]| ETL_LABELER.run(&["import", "-"], settings, FILM);
    let refused = run(&with(&[("ELASTICSEARCH_API_KEY", KEY)]));
    assert_eq!(refused.status, Some(69), "an unknown CA: {refused:?}");
    let refused = run(&with(&[("ELASTICSEARCH_CA_FILE", ca)]));
    assert!(refused.status != Some(0) && refused.stderr.contains("401"), "no key: {refused:?}");
    let missing = run(&with(&[("ELASTICSEARCH_CA_FILE", "/nowhere.pem")]));
    assert!(missing.stderr.contains("ELASTICSEARCH_CA_FILE: /nowhere.pem"), "{missing:?}");
    for key in [
        ("ELASTICSEARCH_API_KEY", KEY),
        ("ELASTICSEARCH_API_KEY", ENCODED),
        ("ELASTICSEARCH_API_KEY_FILE", file),
    ] {
        let settings = with(&[("ELASTICSEARCH_CA_FILE", ca), key]);
        let imported = run(&settings);
        assert_eq!(imported.status, Some(0), "{imported:?}");
        assert!(
            !imported.stderr.contains(KEY) && !imported.stderr.contains(ENCODED),
            "{imported:?}"
        );
        assert_eq!(ETL_LABELER.run(&["once"], &settings, "").status, Some(0));
    }
    let database = Database::migrated().await;
    let (_auth, auth) = auth_server(&database);
    let secured = [base[0], base[1], ("ELASTICSEARCH_CA_FILE", ca), ("ELASTICSEARCH_API_KEY", KEY)];
    let (_movie, movie) = movie_api(&auth, &secured);
    until("films", async || films(&movie).await == (200, 1)).await;
}

#[tokio::test]
async fn a_node_that_dies_is_left_out_and_comes_back() {
    let (index, ports) = (Index::new(), [free_port(), free_port()]);
    let Some(first) = node(ports[0]).await else { return };
    let Some(_second) = node(ports[1]).await else { return };
    let urls = ports.map(|port| format!("http://127.0.0.1:{port}")).join(",");
    let settings = [("ELASTICSEARCH_URL", urls.as_str()), ("FILMS_INDEX", &index.name)];
    let database = Database::migrated().await;
    let ([_auth, movie], url) = with_a_film(&database, &settings).await;
    drop(first);
    for request in 0..40 {
        assert_eq!(films(&url).await, (200, 1), "{request}: {:#?}", movie.log());
    }
    // A command that starts now does not try the dead node first.
    assert_eq!(ETL_LABELER.run(&["once"], &settings, "").status, Some(0));
    let said = |words: &str| {
        movie.events().iter().any(|event| event["message"].to_string().contains(words))
    };
    until("noticed", async || said("does not respond")).await;
    let _first = node(ports[0]).await;
    until("noticed", async || said("responds again")).await;
}

#[tokio::test]
async fn what_is_on_this_host_is_never_sent_to_a_proxy_of_the_environment() {
    let (index, database) = (Index::new(), Database::migrated().await);
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    let proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"]
        .map(|name| (name, nowhere.as_str()));
    let elasticsearch = setting("ELASTICSEARCH_URL");
    let own = [("ELASTICSEARCH_URL", elasticsearch.as_str()), ("FILMS_INDEX", &index.name)];
    let settings = [&own[..], &proxies].concat();
    let (_servers, movie) = with_a_film(&database, &settings).await;
    let body = json!({ "email": "ada@films.example", "password": tests::PASSWORD });
    let registered =
        reqwest::Client::new().post(format!("{movie}/auth/register")).json(&body).send();
    assert_eq!(registered.await.unwrap().status(), 201);
}

/// An endpoint below a path that requires user and password.
async fn with_password(port: u16) -> Option<Proxy> {
    let server = format!(
        r#"client_max_body_size 0;
        server {{
            listen 127.0.0.1:{port};
            location /search/ {{
                if ($http_authorization != "Basic {}") {{ return 401 '{{"error":"missing authentication"}}'; }}
                proxy_pass {}/;
            }}
        }}"#,
        BASE64_STANDARD.encode("app:p@ss:word"),
        setting("ELASTICSEARCH_URL").trim_end_matches('/'),
    );
    listening(port, &server).await
}

#[tokio::test]
async fn user_and_password_are_those_of_the_address_which_may_have_a_path() {
    let (index, database, port) = (Index::new(), Database::migrated().await, free_port());
    let Some(_nginx) = with_password(port).await else { return };
    let url = format!("http://app:p%40ss%3Aword@127.0.0.1:{port}/search");
    let settings = [("ELASTICSEARCH_URL", url.as_str()), ("FILMS_INDEX", &index.name)];
    with_a_film(&database, &settings).await;
}

/// A forward proxy, by which alone `elasticsearch.example` is reached.
async fn forward_proxy(port: u16) -> Option<Proxy> {
    let server = format!(
        "client_max_body_size 0;
        server {{ listen 127.0.0.1:{port} default_server; return 404; }}
        server {{
            listen 127.0.0.1:{port};
            server_name elasticsearch.example;
            location / {{ proxy_pass {}; }}
        }}",
        setting("ELASTICSEARCH_URL")
    );
    listening(port, &server).await
}

#[tokio::test]
async fn a_cluster_elsewhere_is_reached_through_the_proxy_of_the_environment() {
    let (index, database, port) = (Index::new(), Database::migrated().await, free_port());
    let Some(_nginx) = forward_proxy(port).await else { return };
    let proxy = format!("http://127.0.0.1:{port}");
    let settings = [
        ("ELASTICSEARCH_URL", "http://elasticsearch.example:9200"),
        ("FILMS_INDEX", &index.name),
        ("http_proxy", &proxy),
    ];
    with_a_film(&database, &settings).await;
}
