//! Favorites while their database, auth-server or nothing but the migration is missing.

use reqwest::Method;
use sqlx::Executor;
use tests::program::{MOVIE_API, NO_SETTINGS};
use tests::{Proxy, until};

use super::{FavoriteSite, call, migrate};
use crate::sample_films::OLD;
use crate::site::{Running, Site, get};

/// The answers of a movie-api whose favorites cannot be used, and that films can be.
async fn assert_unavailable(movie: &Running, token: &str, code: &str) {
    for method in [Method::POST, Method::DELETE] {
        let answer = call(movie, method, OLD, Some(token)).await;
        assert_eq!(answer.problem(), (503, code.into()));
    }
    let list = get(&movie.url, "/favorites/movies", Some(token)).await;
    assert_eq!(list.problem(), (503, code.into()));
    let retry = list.header("retry-after");
    assert_eq!(retry.is_empty(), code == "favorites_disabled", "{retry}");
    assert_eq!(get(&movie.url, "/movies/?page=1", Some(token)).await.status, 200);
    assert_eq!(get(&movie.url, &format!("/movies/{OLD}"), None).await.status, 200);
    assert_eq!(get(&movie.url, "/health/ready", None).await.status, 200);
}

#[tokio::test]
async fn without_a_database_the_rest_works() {
    let site = Site::open().await;
    let token = site.register("ada").await;
    assert_unavailable(&site.movie, &token, "favorites_disabled").await;
    let ran = MOVIE_API.run(&["migrate"], NO_SETTINGS, "");
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("MOVIE_DATABASE_URL"), "{ran:?}");
}

#[tokio::test]
async fn while_the_database_is_unavailable_the_rest_works() {
    let site = FavoriteSite::open().await;
    let token = site.register("ada").await;
    let (proxy, url) = Proxy::to_url(&site.database.url).await;
    let movie = site.another(&[("MOVIE_DATABASE_URL", &url)]);
    call(&movie, Method::POST, OLD, Some(&token)).await.expect(204, "");
    proxy.cut();
    assert_unavailable(&movie, &token, "favorites_unavailable").await;
    proxy.restore();
    until("favorites are available", async || {
        get(&movie.url, "/favorites/movies", Some(&token)).await.status == 200
    })
    .await;
    let nowhere = site.another(&[("MOVIE_DATABASE_URL", "postgres://nobody@127.0.0.1:1/films")]);
    assert_unavailable(&nowhere, &token, "favorites_unavailable").await;
}

#[tokio::test]
async fn a_database_that_does_not_answer_costs_a_request_seconds() {
    let site = FavoriteSite::open().await;
    let token = site.register("ada").await;
    let mut blocker = site.database.connect().await;
    blocker.execute("BEGIN; LOCK TABLE movie.favorites").await.unwrap();
    assert_unavailable(&site.movie, &token, "favorites_unavailable").await;
    blocker.execute("ROLLBACK").await.unwrap();
    site.call(Method::POST, OLD, Some(&token)).await.expect(204, "");
}

#[tokio::test]
async fn a_database_that_is_migrated_later_needs_no_restart() {
    let site = Site::open().await;
    let token = site.register("ada").await;
    let movie = site.another(&[("MOVIE_DATABASE_URL", &site.database.url)]);
    let hints = || movie.log().iter().filter(|line| line.contains("movie-api migrate")).count();
    until("the log says what to run, before anyone asks", async || hints() == 1).await;
    assert_unavailable(&movie, &token, "favorites_unavailable").await;
    assert!(hints() > 1, "{:#?}", movie.log());
    assert!(migrate(&site.database.url).contains("applied 0001 favorites"));
    assert_eq!(migrate(&site.database.url), "the database is up to date\n");
    call(&movie, Method::POST, OLD, Some(&token)).await.expect(204, "");
}

#[tokio::test]
async fn migrate_says_why_it_fails() {
    let site = FavoriteSite::open().await;
    let run = |url: &str| MOVIE_API.run(&["migrate"], &[("MOVIE_DATABASE_URL", url)], "");
    let ran = run("postgres://nobody:secret@127.0.0.1:1/films");
    assert_eq!(ran.status, Some(69), "{ran:?}");
    assert!(ran.stderr.contains("127.0.0.1:1/films (MOVIE_DATABASE_URL)"), "{ran:?}");
    assert!(!ran.stderr.contains("secret"), "{ran:?}");
    let newer = "INSERT INTO movie._sqlx_migrations VALUES (9999, 'x', now(), true, '', 0)";
    site.database.execute(newer).await;
    let ran = run(&site.database.url);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("newer than this program (migration 9999)"), "{ran:?}");
}

#[tokio::test]
async fn without_auth_server_there_are_no_favorites() {
    let mut site = FavoriteSite::open().await;
    let token = site.register("ada").await;
    site.site.auth.signal("KILL");
    site.site.auth.wait();
    for method in [Method::POST, Method::DELETE] {
        let answer = site.call(method, OLD, Some(&token)).await;
        assert_eq!(answer.problem(), (503, "authorization_unavailable".into()));
    }
    let list = get(&site.movie.url, "/favorites/movies", Some(&token)).await;
    assert_eq!(list.problem(), (503, "authorization_unavailable".into()));
}
