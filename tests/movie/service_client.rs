//! movie-api as a service client of an auth-server that reserves filters for such clients.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use reqwest::Client;
use serde_json::json;
use tests::program::MOVIE_API;
use tests::{Answer, until};

use crate::sample_films::{NEW, NEW_FILMS, OLD, OLD_FILMS};
use crate::site::{Running, Site, get, send};

const RESERVED: [(&str, &str); 1] = [("AUTH_FILTER_FOR", "clients")];

fn with_client(site: &Site, (id, secret): &(String, String)) -> Running {
    site.another(&[("MOVIE_CLIENT_ID", id), ("MOVIE_CLIENT_SECRET", secret)])
}

#[tokio::test]
async fn callers_see_the_same_films_as_without_a_service_client() {
    let site = Site::with(&RESERVED).await;
    let subscriber = site.subscriber().await;
    let movie = with_client(&site, &site.service_client(&["filter", "evaluate"]));
    let get = async |path: &str, token: Option<&str>| get(&movie.url, path, token).await;
    for (token, total) in [(None, OLD_FILMS), (Some(&*subscriber), OLD_FILMS + NEW_FILMS)] {
        assert_eq!(get("/movies/", token).await.json()["total"], total);
        assert_eq!(get(&format!("/movies/{OLD}"), token).await.status, 200);
    }
    let refused = get(&format!("/movies/{NEW}"), None).await;
    assert_eq!(refused.problem(), (403, "film_forbidden".into()));
    assert_eq!(get(&format!("/movies/{NEW}"), Some(&subscriber)).await.status, 200);
    assert_eq!(get("/health/ready", None).await.status, 200);
    assert!(!movie.log().join("\n").contains(&subscriber));
}

#[tokio::test]
async fn an_invalid_token_gets_auth_servers_own_answer() {
    let site = Site::with(&RESERVED).await;
    let subscriber = site.subscriber().await;
    let movie = with_client(&site, &site.service_client(&["filter", "evaluate"]));
    let check = json!({ "action": "read", "resource": { "type": "film" } });
    let forged = format!("{}x", &subscriber[..subscriber.len() - 4]);
    for token in ["nonsense", "a.b.c", &forged] {
        let own = site.caller(Some(token)).post("check", &check).await;
        for path in ["/movies/", &format!("/movies/{OLD}"), "/movies/nope"] {
            let relayed = get(&movie.url, path, Some(token)).await;
            assert_eq!((relayed.status, &relayed.text), (401, &own.text));
            assert_eq!(relayed.header("www-authenticate"), own.header("www-authenticate"));
        }
    }
    for value in ["", "Bearer", "Bearer ", "Basic cm9vdDpyb290", "nonsense", &subscriber] {
        let request = Client::new().get(format!("{}/movies/{OLD}", movie.url));
        let answer = send(request.header("authorization", value), None).await;
        assert_eq!(answer.problem(), (401, "token_malformed".into()), "{value}");
    }
    let twice = Client::new().get(format!("{}/movies/{OLD}", movie.url));
    let twice = twice.bearer_auth(&subscriber).bearer_auth(&subscriber);
    assert_eq!(send(twice, None).await.problem(), (401, "token_malformed".into()));
}

async fn assert_refused(site: &Site, movie: &Running, token: &str) {
    let unavailable =
        |answer: &Answer| answer.problem() == (503, "authorization_unavailable".into());
    let ready = async || get(&movie.url, "/health/ready", None).await;
    until("movie-api is not ready", async || ready().await.status == 503).await;
    assert!(unavailable(&ready().await));
    for path in ["/movies/", "/movies/?page=1"] {
        for token in [None, Some(token)] {
            let answer = get(&movie.url, path, token).await;
            assert!(unavailable(&answer), "{path}: {answer:?}");
        }
    }
    let named = movie
        .events()
        .into_iter()
        .any(|event| event["level"] == "ERROR" && event.to_string().contains("MOVIE_CLIENT_ID"));
    assert!(named, "{:#?}", movie.log());
    // The site itself is not affected.
    assert_eq!(site.guest().get("/health/ready").await.status, 200);
}

#[tokio::test]
async fn without_valid_credentials_no_film_is_shown_and_the_log_says_why() {
    let site = Site::with(&RESERVED).await;
    let subscriber = site.subscriber().await;
    let (id, secret) = site.service_client(&["introspect"]);
    assert_refused(&site, &site.movie, &subscriber).await;
    for (id, secret) in [(&*id, &*secret), (&id, "wrong"), ("nobody", &secret)] {
        let movie = with_client(&site, &(id.to_owned(), secret.to_owned()));
        assert_refused(&site, &movie, &subscriber).await;
        for token in [None, Some(&*subscriber)] {
            let film = get(&movie.url, &format!("/movies/{OLD}"), token).await;
            assert_eq!(film.problem(), (503, "authorization_unavailable".into()));
        }
    }
}

#[tokio::test]
async fn callers_cannot_act_as_service_clients_or_make_movie_api_unready() {
    let site = Site::open().await;
    let (id, secret) = site.service_client(&["filter", "evaluate"]);
    let movie = with_client(&site, &(id.clone(), secret.clone()));
    for url in [&site.movie.url, &movie.url] {
        for (id, secret) in [(&*id, &*secret), ("nobody", "x")] {
            for path in ["/movies/", &format!("/movies/{OLD}")] {
                let request = Client::new().get(format!("{url}{path}"));
                let answer = send(request.basic_auth(id, Some(secret)), None).await;
                assert_eq!(answer.problem(), (401, "token_malformed".into()));
            }
            assert_eq!(get(url, "/health/ready", None).await.status, 200);
        }
    }
}

#[tokio::test]
async fn the_secret_is_read_from_a_file_and_incomplete_credentials_stop_the_start() {
    let site = Site::with(&RESERVED).await;
    let (id, secret) = site.service_client(&["filter", "evaluate"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, format!("{secret}\n")).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let file = file.to_str().unwrap();
    let movie = site.another(&[("MOVIE_CLIENT_ID", &id), ("MOVIE_CLIENT_SECRET_FILE", file)]);
    assert_eq!(get(&movie.url, "/movies/", None).await.status, 200);
    for only in [("MOVIE_CLIENT_ID", &id), ("MOVIE_CLIENT_SECRET", &secret)] {
        let ran = MOVIE_API.run(&[], &[only], "");
        assert_eq!(ran.status, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("both MOVIE_CLIENT_ID and MOVIE_CLIENT_SECRET"), "{ran:?}");
        assert!(!ran.stderr.contains(&secret));
    }
}
