//! Favorites of deleted accounts.

use reqwest::Method;
use serde_json::json;
use tests::{PASSWORD, until};

use super::{FavoriteSite, call};
use crate::sample_films::{OLD, OLD_FILMS};
use crate::site::get;

async fn delete_account(site: &FavoriteSite, token: &str) {
    let body = json!({ "current_password": PASSWORD });
    site.caller(Some(token)).delete_with("me", &body).await.expect(204, "");
}

#[tokio::test]
async fn favorites_of_deleted_accounts_are_deleted() {
    let mut site = FavoriteSite::open().await;
    let ops = site.movie.url("ops");
    let (ada, bob, cleo) =
        (site.register("ada").await, site.register("bob").await, site.register("cleo").await);
    for token in [&ada, &bob, &cleo] {
        site.call(Method::POST, OLD, Some(token)).await.expect(204, "");
    }
    let (ada_id, bob_id, cleo_id) =
        (site.id(&ada).await, site.id(&bob).await, site.id(&cleo).await);
    delete_account(&site, &ada).await;
    let refused = site.call(Method::POST, OLD, Some(&ada)).await;
    assert_eq!(refused.problem(), (401, "token_revoked".into()));
    until("deleted", async || site.favorites_of(&ada_id).await == 0).await;
    assert_eq!(site.favorites_of(&bob_id).await, 1);
    until("counted", async || {
        get(&ops, "/metrics", None).await.text.contains("movie_deleted_favorites_total 1\n")
    })
    .await;
    // A favorite that a request adds too late is deleted, too.
    site.fill(&ada_id, 1).await;
    until("deleted again", async || site.favorites_of(&ada_id).await == 0).await;
    // A deletion while no movie-api runs is not missed; two of them do no harm.
    site.movie.signal("KILL");
    site.movie.wait();
    delete_account(&site, &bob).await;
    let _running = [site.another(&[]), site.another(&[])];
    until("deleted after a restart", async || site.favorites_of(&bob_id).await == 0).await;
    assert_eq!(site.favorites_of(&cleo_id).await, 1);
}

#[tokio::test]
async fn deletions_are_applied_for_good_after_some_minutes() {
    let site = FavoriteSite::open().await;
    let applied = "SELECT count(*) FROM movie.applied_deletions WHERE until IS NOT NULL";
    let token = site.register("ada").await;
    let user = site.id(&token).await;
    site.call(Method::POST, OLD, Some(&token)).await.expect(204, "");
    delete_account(&site, &token).await;
    until("deleted", async || site.favorites_of(&user).await == 0).await;
    assert_eq!(site.database.count(applied).await, 0);
    let earlier = "UPDATE account_deletions SET deleted_at = now() - interval '10 minutes'";
    site.database.execute(earlier).await;
    until("applied for good", async || site.database.count(applied).await == 1).await;
    site.fill(&user, 1).await;
    // What has been applied is not read again: of two deletions, the later one is.
    let bob = site.register("bob").await;
    site.call(Method::POST, OLD, Some(&bob)).await.expect(204, "");
    let bob_id = site.id(&bob).await;
    delete_account(&site, &bob).await;
    until("deleted", async || site.favorites_of(&bob_id).await == 0).await;
    assert_eq!(site.favorites_of(&user).await, 1);
}

#[tokio::test]
async fn without_the_scope_favorites_work_and_the_log_says_what_is_missing() {
    let site = FavoriteSite::open().await;
    let (id, secret) = site.service_client(&["filter", "evaluate"]);
    let movie = site.another(&[("MOVIE_CLIENT_ID", &id), ("MOVIE_CLIENT_SECRET", &secret)]);
    let token = site.register("ada").await;
    until("auth-server knows the new client", async || {
        call(&movie, Method::POST, OLD, Some(&token)).await.status == 204
    })
    .await;
    until("logged", async || {
        let events = movie.events();
        events
            .iter()
            .any(|event| event["level"] == "ERROR" && event.to_string().contains("users:deleted"))
    })
    .await;
    until("ready", async || get(&movie.url, "/health/ready", None).await.status == 200).await;
    assert_eq!(get(&movie.url, "/movies/", Some(&token)).await.json()["total"], OLD_FILMS);
}
