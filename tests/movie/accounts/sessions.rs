//! `/auth/login`, `/auth/logout`, and the links in messages

use reqwest::Method;
use serde_json::json;
use tests::PASSWORD;

use super::{Pair, assert_unchanged, credentials, own};
use crate::site::Site;

#[tokio::test]
async fn a_wrong_password_gets_auth_servers_own_answer() {
    let site = Site::open().await;
    site.movie.sign_up("ada@example.com").await;
    for email in ["ada@example.com", "nobody@example.com"] {
        let wrong = json!({ "email": email, "password": "wrong" });
        let relayed = site.movie.post("/auth/login/", &wrong).await;
        let own = own(&site, "auth/login", &json!({ "login": email, "password": "wrong" })).await;
        assert_eq!(relayed.problem(), (401, "credentials_invalid".into()));
        assert_unchanged(&relayed, &own);
    }
}

#[tokio::test]
async fn a_pair_of_tokens_is_exchanged_for_the_next_one() {
    let site = Site::open().await;
    let pair = site.movie.sign_up("ada@example.com").await;
    let refresh =
        async |pair: &Pair| site.movie.call(Method::PUT, "/auth/login/", None, &pair.body()).await;
    let next = Pair::of(&refresh(&pair).await);
    assert_ne!(next.refresh, pair.refresh);
    assert_eq!(Pair::of(&refresh(&pair).await).refresh, next.refresh);
    assert_eq!(site.get("/user/", Some(&next.access)).await.status, 200);
}

#[tokio::test]
async fn tokens_of_two_sessions_are_no_pair_and_the_refresh_token_stays_good() {
    let site = Site::open().await;
    let (ada, bob) =
        (site.movie.sign_up("ada@example.com").await, site.movie.sign_up("bob@example.com").await);
    let refresh = async |access: &str| {
        let body = json!({ "access_token": access, "refresh_token": ada.refresh });
        site.movie.call(Method::PUT, "/auth/login", None, &body).await
    };
    for access in [&*bob.access, "x", ""] {
        refresh(access).await.expect(401, "token_pair_mismatch");
    }
    let next = refresh(&ada.access).await.ok();
    assert!(next["refresh_token"].is_string());
    // Within ten seconds, the repeated request needs the pair as well.
    refresh(&bob.access).await.expect(401, "token_pair_mismatch");
    assert_eq!(refresh(&ada.access).await.json()["refresh_token"], next["refresh_token"]);
}

#[tokio::test]
async fn both_tokens_of_a_pair_are_required() {
    let site = Site::open().await;
    let pair = site.movie.sign_up("ada@example.com").await;
    for (body, field) in [
        (json!({ "refresh_token": pair.refresh }), "access_token"),
        (json!({ "refresh_token": pair.refresh, "access_token": null }), "access_token"),
        (json!({ "access_token": pair.access }), "refresh_token"),
    ] {
        let answer = site.movie.call(Method::PUT, "/auth/login", None, &body).await;
        assert_eq!(answer.expect(422, "field_invalid").field(), field);
    }
    let whole = site.movie.call(Method::PUT, "/auth/login", None, &pair.body()).await;
    whole.expect(200, "");
}

#[tokio::test]
async fn users_log_out_here_and_everywhere_else() {
    let site = Site::open().await;
    let (first, second) =
        (site.movie.sign_up("ada@example.com").await, site.movie.sign_in("ada@example.com").await);
    let ended = site.movie.post_empty("/auth/logout/others/", Some(&second.access)).await;
    assert_eq!((ended.status, ended.text.as_str()), (204, ""));
    let refused = site.get("/user/", Some(&first.access)).await;
    assert_eq!(refused.problem(), (401, "token_revoked".into()));
    site.movie.post_empty("/auth/logout", Some(&second.access)).await.expect(204, "");
    let refused = site.get("/user/", Some(&second.access)).await;
    assert_eq!(refused.problem(), (401, "token_revoked".into()));
    site.movie.post_empty("/auth/logout", None).await.expect(401, "token_missing");
}

#[tokio::test]
async fn the_links_of_messages_lead_to_auth_server() {
    let site = Site::open().await;
    site.movie.sign_up("ada@example.com").await;
    let forgot = json!({ "email": "ada@example.com" });
    site.movie.post("/auth/password/forgot", &forgot).await.expect(202, "");
    let reset = json!({ "token": "x", "new_password": PASSWORD });
    let verify = json!({ "token": "x", "current_password": PASSWORD });
    for (path, body, code) in [
        ("auth/password/reset", reset, "reset_token_invalid"),
        ("auth/email/verify", verify, "verification_token_invalid"),
    ] {
        let relayed = site.movie.post(&format!("/{path}"), &body).await;
        assert_eq!(relayed.problem(), (401, code.into()));
        assert_unchanged(&relayed, &own(&site, path, &body).await);
    }
}

#[tokio::test]
async fn neither_passwords_nor_tokens_are_logged() {
    let site = Site::open().await;
    let pair = site.movie.sign_up("ada@example.com").await;
    site.movie
        .post("/auth/login", &json!({ "email": "ada@example.com", "password": "sesame" }))
        .await;
    site.movie.call(Method::PUT, "/auth/login", None, &pair.body()).await.expect(200, "");
    site.movie.post("/auth/login", &credentials("ada@example.com")).await.expect(200, "");
    let log = site.movie.log().join("\n");
    for secret in [PASSWORD, "sesame", &pair.access, &pair.refresh, "ada@example.com"] {
        assert!(!log.contains(secret), "{log}");
    }
}
