//! `POST /auth/register`

use serde_json::{Value, json};
use tests::PASSWORD;

use super::{assert_unchanged, credentials, own};
use crate::site::{Site, get};

#[tokio::test]
async fn a_user_signs_up_with_an_address_and_a_password_and_is_signed_in() {
    let site = Site::open().await;
    let created = site.movie.post("/auth/register/", &credentials("Ada@example.com")).await;
    let created = created.expect(201, "");
    assert!(created.header("cache-control").contains("no-store"));
    let access = created.string("access_token");
    let profile = site.get("/user/", Some(&access)).await.ok();
    assert_eq!(
        (&profile["email"], &profile["favorite_genre"]),
        (&json!("Ada@example.com"), &Value::Null)
    );
    assert_eq!(profile, created.json()["user"]);
    assert_eq!(site.get("/movies/", Some(&access)).await.status, 200);
    site.movie.sign_in("ada@EXAMPLE.com").await;
}

#[tokio::test]
async fn the_login_is_random_and_says_nothing_about_the_user() {
    let site = Site::open().await;
    let mut logins = Vec::new();
    for email in ["ada@example.com", "grace@example.com"] {
        let pair = site.movie.sign_up(email).await;
        let login = site.get("/user/", Some(&pair.access)).await.string("login");
        let (name, _) = email.split_once('@').unwrap();
        assert!(!login.contains(name) && login.len() >= 32, "{login}");
        logins.push(login);
    }
    assert_ne!(logins[0], logins[1]);
}

#[tokio::test]
async fn refusals_are_auth_servers_own() {
    let site = Site::open().await;
    site.movie.sign_up("ada@example.com").await;
    let register = async |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        let relayed = site.movie.post("/auth/register", &body).await;
        let login = json!({ "login": "grace", "email": email, "password": password });
        (relayed, own(&site, "auth/register", &login).await)
    };
    for (email, password, status, code) in [
        ("ada@example.com", PASSWORD, 409, "email_taken"),
        ("ada", PASSWORD, 422, "field_invalid"),
        ("grace@example.com", "12345678", 422, "password_rejected"),
    ] {
        let (relayed, own) = register(email, password).await;
        assert_eq!(relayed.problem(), (status, code.into()));
        assert_unchanged(&relayed, &own);
    }
}

#[tokio::test]
async fn a_form_with_other_fields_is_refused_and_not_forwarded() {
    let site = Site::open().await;
    let bad = [
        (json!({ "email": "ada@example.com" }), "password"),
        (json!({ "password": PASSWORD }), "email"),
        (json!({ "email": "ada@example.com", "password": PASSWORD, "login": "root" }), "login"),
        (json!({ "email": 1, "password": PASSWORD }), "email"),
    ];
    for (body, field) in bad {
        let answer = site.movie.post("/auth/register", &body).await.expect(422, "field_invalid");
        assert_eq!(answer.field(), field);
    }
    site.movie.sign_up("ada@example.com").await;
}

#[tokio::test]
async fn nothing_else_of_auth_server_is_reached() {
    let site = Site::open().await;
    let root = site.superuser().await;
    for path in ["/roles", "/users", "/me", "/api/v1/me", "/auth/refresh", "/auth/oidc", "/check"] {
        let answer = get(&site.movie.url, path, Some(&root)).await;
        assert_eq!(answer.problem(), (404, "not_found".into()), "{path}");
    }
    for path in ["/user/sessions", "/auth/login/..%2f..%2froles", "/auth/email"] {
        let answer = site.movie.post(path, &json!({})).await;
        assert_eq!(answer.problem(), (404, "not_found".into()), "{path}");
    }
}
