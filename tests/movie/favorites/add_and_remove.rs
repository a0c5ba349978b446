//! `POST` and `DELETE /favorites/movies/{id}`

use futures::future::join_all;
use reqwest::{Client, Method};

use super::{FavoriteSite, LIMIT, call, ids, migrate, with_favorites};
use crate::sample_films::{NEW, OLD, OLD_FILMS};
use crate::site::{Site, get, send};

#[tokio::test]
async fn favorites_are_for_users_with_a_valid_token() {
    let site = FavoriteSite::open().await;
    let ended = site.register("ada").await;
    site.caller(Some(&ended)).log_out().await.ok();
    for (token, code) in
        [(None, "token_missing"), (Some("x"), "token_malformed"), (Some(&*ended), "token_revoked")]
    {
        let own = site.caller(token).get("me").await;
        let film = format!("/{OLD}");
        for (method, path) in [(Method::GET, ""), (Method::POST, &film), (Method::DELETE, &film)] {
            let url = format!("{}/favorites/movies{path}", site.movie.url);
            let answer = send(Client::new().request(method, url), token).await;
            assert_eq!(answer.problem(), (401, code.into()));
            assert_eq!(answer.json(), own.json());
            assert_eq!(answer.header("www-authenticate"), own.header("www-authenticate"));
        }
    }
    let (id, secret) = &site.client;
    let request = Client::new().get(format!("{}/favorites/movies", site.movie.url));
    let answer = send(request.basic_auth(id, Some(secret)), None).await;
    assert_eq!(answer.problem(), (401, "token_malformed".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_do_not_exceed_the_limit() {
    let site = FavoriteSite::open().await;
    let token = site.register("ada").await;
    let user = site.id(&token).await;
    site.fill(&user, LIMIT - 5).await;
    let films: Vec<String> = (0..OLD_FILMS).map(|n| format!("old-{n:02}")).collect();
    let answers =
        films.iter().map(async |id| (id, site.call(Method::POST, id, Some(&token)).await));
    let (added, refused): (Vec<_>, Vec<_>) =
        join_all(answers).await.into_iter().partition(|(_, answer)| answer.status == 204);
    assert_eq!((added.len(), refused.len()), (5, OLD_FILMS - 5));
    let (own, (other, _)) = (added[0].0, &refused[0]);
    for (_, answer) in &refused {
        assert_eq!(answer.problem(), (409, "too_many_favorites".into()));
    }
    assert_eq!(usize::try_from(site.favorites_of(&user).await), Ok(LIMIT));
    let list = site.list("", &token).await;
    assert_eq!((&list["total"], &list["hidden"]), (&5.into(), &(LIMIT - 5).into()));
    // A film that is a favorite already can be added, and any by another user.
    site.call(Method::POST, own, Some(&token)).await.expect(204, "");
    let bob = site.register("bob").await;
    site.call(Method::POST, other, Some(&bob)).await.expect(204, "");
    // One less, and there is room for one more.
    site.call(Method::DELETE, "gone-1", Some(&token)).await.expect(204, "");
    site.call(Method::POST, other, Some(&token)).await.expect(204, "");
}

#[tokio::test]
async fn a_favorite_is_removed_without_elasticsearch_whatever_its_id() {
    let site = FavoriteSite::open().await;
    let token = site.register("ada").await;
    let user = site.id(&token).await;
    site.call(Method::POST, OLD, Some(&token)).await.expect(204, "");
    let movie = site.another(&[("ELASTICSEARCH_URL", "http://127.0.0.1:1")]);
    let add = call(&movie, Method::POST, OLD, Some(&token)).await;
    assert_eq!(add.problem(), (503, "catalogue_unavailable".into()));
    let list = get(&movie.url, "/favorites/movies", Some(&token)).await;
    assert_eq!(list.problem(), (503, "catalogue_unavailable".into()));
    let long = "x".repeat(2_000);
    for id in ["nope", "a%00b", "..%2F..", "%F0%9F%92%A9", "%ff", &long] {
        call(&movie, Method::DELETE, id, Some(&token)).await.expect(204, "");
    }
    assert_eq!(site.favorites_of(&user).await, 1);
    call(&movie, Method::DELETE, OLD, Some(&token)).await.expect(204, "");
    assert_eq!(site.favorites_of(&user).await, 0);
}

#[tokio::test]
async fn a_service_client_does_not_act_as_the_user() {
    let reserved = [("AUTH_FILTER_FOR", "clients")];
    let site = Site::with(&reserved).await;
    migrate(&site.database.url);
    let movie = with_favorites(&site, &site.service_client(&["filter", "evaluate"]), &[]);
    let token = site.subscriber().await;
    call(&movie, Method::POST, NEW, Some(&token)).await.expect(204, "");
    let list = get(&movie.url, "/favorites/movies", Some(&token)).await.ok();
    assert_eq!(ids(&list), [NEW]);
    assert!(!movie.log().join("\n").contains(&token));
}
