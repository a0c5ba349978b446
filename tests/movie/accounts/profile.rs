//! `/user/` and `/user/password`

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tests::{Answer, NEW_PASSWORD, PASSWORD};

use super::assert_unchanged;
use crate::site::{Site, get, send};

async fn patch(site: &Site, token: Option<&str>, body: Value) -> Answer {
    site.movie.call(Method::PATCH, "/user/", token, &body).await
}

#[tokio::test]
async fn users_change_their_names_and_their_favorite_genre() {
    let site = Site::open().await;
    let pair = site.movie.sign_up("ada@example.com").await;
    let token = Some(&*pair.access);
    let body = json!({ "first_name": "Ada", "last_name": "Lovelace", "favorite_genre": "drama" });
    let changed = patch(&site, token, body).await.ok();
    let fields = |profile: &Value| {
        ["first_name", "last_name", "favorite_genre"].map(|field| profile[field].clone())
    };
    assert_eq!(fields(&changed), ["Ada", "Lovelace", "drama"].map(|text| json!(text)));
    let cleared = patch(&site, token, json!({ "favorite_genre": null, "last_name": null })).await;
    assert_eq!(fields(&cleared.ok()), [json!("Ada"), Value::Null, Value::Null]);
    assert_eq!(fields(&site.get("/user", token).await.ok()), fields(&cleared.json()));
}

#[tokio::test]
async fn a_favorite_genre_is_one_that_the_caller_finds_in_the_catalogue() {
    let site = Site::open().await;
    let pair = site.movie.sign_up("ada@example.com").await;
    let token = Some(&*pair.access);
    patch(&site, token, json!({ "favorite_genre": "drama" })).await.expect(200, "");
    for unknown in ["Drama", "nope", "", &"g".repeat(513), &"g".repeat(33_000)] {
        let refused = patch(&site, token, json!({ "favorite_genre": unknown })).await;
        assert_eq!(refused.expect(422, "field_invalid").field(), "favorite_genre");
    }
    // All films are closed to users: they find no genre any more.
    site.rule(1, "anonymous", "film", "deny").await;
    site.rule(2, "anonymous", "film:*", "deny").await;
    let refused = patch(&site, token, json!({ "favorite_genre": "drama" })).await;
    assert_eq!(refused.expect(422, "field_invalid").field(), "favorite_genre");
    assert_eq!(site.get("/user/", token).await.json()["favorite_genre"], "drama");
}

#[tokio::test]
async fn without_the_catalogue_only_a_favorite_genre_cannot_be_set() {
    let site = Site::open().await;
    let pair = site.movie.sign_up("ada@example.com").await;
    let movie = site.another(&[("ELASTICSEARCH_URL", "http://127.0.0.1:1")]);
    let patch =
        async |body: Value| movie.call(Method::PATCH, "/user/", Some(&pair.access), &body).await;
    patch(json!({ "first_name": "Ada", "favorite_genre": null })).await.expect(200, "");
    patch(json!({ "favorite_genre": "drama" })).await.expect(503, "catalogue_unavailable");
}

#[tokio::test]
async fn nothing_but_the_profile_is_changed_through_movie_api() {
    let site = Site::open().await;
    let pair = site.movie.sign_up("ada@example.com").await;
    for field in ["email", "current_password", "code", "roles", "login"] {
        let answer = patch(&site, Some(&pair.access), json!({ field: "x" })).await;
        assert_eq!(answer.expect(422, "field_invalid").field(), field);
    }
}

#[tokio::test]
async fn users_change_their_password_with_the_old_one() {
    let site = Site::open().await;
    let pair = site.movie.sign_up("ada@example.com").await;
    let change = async |old: &str, new: &str| {
        let body = json!({ "old_password": old, "new_password": new });
        site.movie.call(Method::PUT, "/user/password/", Some(&pair.access), &body).await
    };
    change("wrong", NEW_PASSWORD).await.expect(403, "current_password_wrong");
    change(PASSWORD, "12345678").await.expect(422, "password_rejected");
    change(PASSWORD, NEW_PASSWORD).await.expect(204, "");
    for (password, status) in [(PASSWORD, 401), (NEW_PASSWORD, 200)] {
        let body = json!({ "email": "ada@example.com", "password": password });
        assert_eq!(site.movie.post("/auth/login", &body).await.status, status);
    }
}

#[tokio::test]
async fn without_a_valid_token_auth_server_answers_the_same_as_itself() {
    let site = Site::open().await;
    for token in [None, Some("x"), Some("a.b.c")] {
        let own = site.caller(token).get("me").await;
        assert_unchanged(&site.get("/user/", token).await, &own);
        let genre = json!({ "favorite_genre": "drama" });
        let (relayed, own) =
            (patch(&site, token, genre).await, site.caller(token).patch("me", &json!({})).await);
        assert_eq!((relayed.status, &relayed.text), (own.status, &own.text));
    }
}

#[tokio::test]
async fn callers_act_for_themselves_also_where_movie_api_is_a_service_client() {
    let site = Site::with(&[("AUTH_FILTER_FOR", "clients")]).await;
    let (id, secret) = site.service_client(&["filter", "evaluate"]);
    let movie = site.another(&[("MOVIE_CLIENT_ID", &id), ("MOVIE_CLIENT_SECRET", &secret)]);
    let pair = movie.sign_up("ada@example.com").await;
    let genre = json!({ "favorite_genre": "drama" });
    movie.call(Method::PATCH, "/user/", Some(&pair.access), &genre).await.expect(200, "");
    assert_eq!(get(&movie.url, "/user/", None).await.problem(), (401, "token_missing".into()));
    let request = Client::new().get(format!("{}/user/", movie.url));
    let answer = send(request.basic_auth(&id, Some(&secret)), None).await;
    assert_eq!(answer.problem(), (401, "token_malformed".into()));
}
