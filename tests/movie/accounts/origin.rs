//! What auth-server learns of the client behind movie-api.

use reqwest::Client;
use serde_json::{Value, json};
use tests::{Answer, PASSWORD, until};

use super::credentials;
use crate::site::{Running, Site, send};

const TRUSTED: (&str, &str) = ("AUTH_TRUSTED_PROXIES", "127.0.0.1");
/// Minutes, so that a slow machine does not matter.
const LOCKOUT_DELAYS: (&str, &str) = ("AUTH_THROTTLE_DELAYS", "60,180,300,600");
const HOME: &str = "192.0.2.1";
const OFFICE: &str = "198.51.100.7";

/// A login through a proxy in front of movie-api.
async fn log_in(movie: &Running, from: &str, body: &Value) -> Answer {
    let request = Client::new().post(format!("{}/auth/login", movie.url)).json(body);
    let request = request.header("x-forwarded-for", from).header("user-agent", "phone");
    send(request.header("x-request-id", format!("trace-{from}")), None).await
}

async fn history(site: &Site, token: &str) -> Vec<(Value, Value)> {
    let page = site.caller(Some(token)).get("me/history?outcome=succeeded").await.ok();
    let items = page["items"].as_array().unwrap();
    items.iter().map(|event| (event["address"].clone(), event["user_agent"].clone())).collect()
}

#[tokio::test]
async fn the_login_history_names_the_clients_and_not_movie_api() {
    let site = Site::with(&[TRUSTED]).await;
    let movie = site.another(&[("MOVIE_TRUSTED_PROXIES", "127.0.0.1")]);
    let pair = movie.sign_up("ada@example.com").await;
    let right = credentials("ada@example.com");
    for from in [HOME, OFFICE] {
        log_in(&movie, from, &right).await.expect(200, "");
    }
    let of = |address: &str| (json!(address), json!("phone"));
    assert_eq!(history(&site, &pair.access).await[..2], [of(OFFICE), of(HOME)]);
    // A movie-api that trusts no proxy believes nobody about the address.
    log_in(&site.movie, "203.0.113.9", &right).await.expect(200, "");
    assert_eq!(history(&site, &pair.access).await[0], of("127.0.0.1"));
}

#[tokio::test]
async fn a_client_that_is_throttled_does_not_throttle_another() {
    let site = Site::with(&[TRUSTED, LOCKOUT_DELAYS]).await;
    let movie = site.another(&[("MOVIE_TRUSTED_PROXIES", "127.0.0.1")]);
    movie.sign_up("ada@example.com").await;
    let right = credentials("ada@example.com");
    let wrong = json!({ "email": "ada@example.com", "password": "wrong" });
    for _ in 0..3 {
        log_in(&movie, HOME, &wrong).await.expect(401, "credentials_invalid");
    }
    let throttled = log_in(&movie, HOME, &right).await.expect(429, "too_many_attempts");
    assert_eq!(throttled.header("ratelimit-policy"), "\"login-and-address\";q=3;w=3600");
    assert!(throttled.header("retry-after").parse::<u32>().unwrap() > 0);
    assert!(!throttled.header("ratelimit").is_empty());
    log_in(&movie, OFFICE, &right).await.expect(200, "");
}

#[tokio::test]
async fn a_request_has_one_id_in_both_logs() {
    let site = Site::with(&[TRUSTED]).await;
    let wrong = json!({ "email": "ada@example.com", "password": PASSWORD });
    let refused = log_in(&site.movie, HOME, &wrong).await.expect(401, "credentials_invalid");
    let id = format!("trace-{HOME}");
    assert_eq!(refused.header("x-request-id"), id);
    for server in [&site.auth, &site.movie] {
        let logged = async || server.log().iter().any(|line| line.contains(&id));
        until("the request is logged", logged).await;
    }
}
