//! Tokens are validated by auth-server, whose answers are passed through.

use reqwest::Client;
use serde_json::json;

use crate::sample_films::OLD;
use crate::site::{Site, send};

#[tokio::test]
async fn an_invalid_token_gets_auth_servers_own_answer() {
    let site = Site::open().await;
    let subscriber = site.subscriber().await;
    let forged = format!("{}x", &subscriber[..subscriber.len() - 4]);
    for token in ["nonsense", "a.b.c", &forged] {
        let filter = json!({ "action": "read", "type": "film" });
        let own = site.caller(Some(token)).post("filter", &filter).await;
        assert_eq!(own.status, 401);
        for path in ["/movies/", "/movies/?page=1", &format!("/movies/{OLD}"), "/movies/nope"] {
            let relayed = site.get(path, Some(token)).await;
            assert_eq!((relayed.status, &relayed.text), (401, &own.text));
            for header in ["content-type", "www-authenticate"] {
                assert_eq!(relayed.header(header), own.header(header));
            }
        }
    }
}

#[tokio::test]
async fn a_request_with_an_authorization_header_is_never_treated_as_a_guest() {
    let site = Site::open().await;
    for value in ["Bearer", "Bearer ", "Basic cm9vdDpyb290", "nonsense"] {
        let request = Client::new().get(format!("{}/movies/{OLD}", site.movie.url));
        let answer = send(request.header("authorization", value), None).await;
        assert_eq!(answer.status, 401, "{value}: {answer:?}");
    }
}

#[tokio::test]
async fn an_ended_session_is_refused_at_the_next_request() {
    let site = Site::open().await;
    let subscriber = site.subscriber().await;
    assert_eq!(site.get("/movies/", Some(&subscriber)).await.status, 200);
    let ended = site.caller(Some(&subscriber)).post("auth/logout", &json!({})).await;
    assert_eq!(ended.status, 204, "{ended:?}");
    assert_eq!(
        site.get("/movies/", Some(&subscriber)).await.problem(),
        (401, "token_revoked".into())
    );
}

#[tokio::test]
async fn tokens_are_never_logged() {
    let site = Site::open().await;
    let subscriber = site.subscriber().await;
    site.get("/movies/", Some(&subscriber)).await;
    site.get("/movies/?access_token=sesame", Some("sesame")).await;
    let log = site.movie.log().join("\n");
    assert!(log.contains("\"target\":\"access\""));
    assert!(!log.contains(&subscriber) && !log.contains("sesame"), "{log}");
}
