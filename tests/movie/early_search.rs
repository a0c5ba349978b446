//! A search begins with the filter that the caller had last, before auth-server has answered.

use futures::future::join;
use serde_json::json;
use tests::until;

use crate::sample_films::{OLD, OLD_FILMS};
use crate::site::Site;

const PAGE: &str = "/movies/?page=1";

#[tokio::test]
async fn a_search_does_not_wait_for_auth_server_and_is_made_once() {
    let site = Site::open().await;
    let subscriber = site.subscriber().await;
    for token in [None, Some(subscriber.as_str())] {
        for path in [PAGE, &format!("/movies/{OLD}"), "/genres/?page=1"] {
            let first = site.get(path, token).await.ok();
            let before = site.index.searches().await;
            let again = site.get(path, token).await.ok();
            let searches = site.index.searches().await - before;
            assert_eq!(again, first, "{path}");

            site.auth.signal("STOP");
            let begun = before + searches;
            let meanwhile = async {
                until("begun", async || site.index.searches().await > begun).await;
                site.auth.signal("CONT");
            };
            let (answer, ()) = join(site.get(path, token), meanwhile).await;
            assert_eq!(answer.ok(), first, "{path}");
            assert_eq!(site.index.searches().await - begun, searches, "{path}");
        }
    }
}

#[tokio::test]
async fn what_was_found_with_an_outdated_filter_is_not_shown() {
    let site = Site::open().await;
    let subscriber = site.subscriber().await;
    let root = site.superuser().await;
    let path = format!("/movies/{OLD}");
    for (priority, token) in [(5, None), (6, Some(subscriber.as_str()))] {
        let total = site.get(PAGE, token).await.json()["total"].as_u64().unwrap();
        assert_eq!(site.get(&path, token).await.status, 200);
        let name = if token.is_some() { "subscriber" } else { "anonymous" };
        let rule = json!({ "priority": priority, "role": name, "action": "read",
            "resource": format!("film:{OLD}"), "effect": "deny" });
        let made = site.caller(Some(&root)).post("rules", &rule).await.ok();
        let page = site.get(PAGE, token).await.json();
        assert_eq!(page["total"], total - 1, "{page}");
        assert_eq!(site.get(&path, token).await.status, 403);
        site.caller(Some(&root)).delete(&format!("rules/{}", made["id"])).await.ok();
        assert_eq!(site.get(PAGE, token).await.json()["total"], total);
    }
    assert_eq!(site.get(PAGE, None).await.json()["total"], OLD_FILMS);
}

#[tokio::test]
async fn a_token_that_has_ended_is_refused_although_its_filter_is_known() {
    let site = Site::open().await;
    let subscriber = site.subscriber().await;
    site.get(PAGE, Some(&subscriber)).await.ok();
    site.caller(Some(&subscriber)).log_out().await.expect(204, "");
    let refused = site.get(PAGE, Some(&subscriber)).await;
    assert_eq!((refused.status, refused.code()), (401, "token_revoked".into()));
    assert!(!refused.text.contains("items"), "{refused:?}");
}
