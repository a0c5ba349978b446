//! `GET` and `PATCH /api/v1/me`

use chrono::{DateTime, TimeDelta, Utc};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::{PASSWORD, TestServer};

use crate::users::grant;

#[tokio::test]
async fn a_user_can_read_and_change_names_and_address() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let change = json!({ "email": "ada@example.com", "current_password": PASSWORD, "first_name": "Ada", "last_name": "L." });
    assert_snapshot!(user.patch("me", &change).await, @r#"
    200
    {
      "allowed_user_agents": null,
      "created_at": "[time]",
      "disabled": false,
      "email": "ada@example.com",
      "email_verified": false,
      "favorite_genre": null,
      "first_name": "Ada",
      "id": "[id]",
      "last_login_at": "[time]",
      "last_name": "L.",
      "login": "ada",
      "pending_email": null,
      "roles": []
    }
    "#);
    user.patch("me", &json!({ "last_name": null })).await.expect(200, "");
    user.patch("me", &json!({})).await.expect(200, "");
    assert_snapshot!(user.get("me").await, @r#"
    200
    {
      "allowed_user_agents": null,
      "created_at": "[time]",
      "disabled": false,
      "email": "ada@example.com",
      "email_verified": false,
      "favorite_genre": null,
      "first_name": "Ada",
      "id": "[id]",
      "last_login_at": "[time]",
      "last_name": null,
      "login": "ada",
      "pending_email": null,
      "roles": []
    }
    "#);
}

#[tokio::test]
async fn an_address_of_another_account_is_refused() {
    let server = TestServer::start().await;
    let other = json!({ "login": "bob", "email": "b@example.com", "password": PASSWORD });
    server.guest().post("auth/register", &other).await.expect(201, "");
    let user = server.register("ada").await;
    let answer = user
        .patch(
            "me",
            &json!({ "email": "B@Example.COM", "current_password": PASSWORD, "first_name": "Ada" }),
        )
        .await;
    assert_eq!(answer.expect(409, "email_taken").field(), "email");
    assert!(user.get("me").await.ok()["first_name"].is_null(), "half-written");
}

#[tokio::test]
async fn a_changed_address_is_unverified() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let verified = async |change| user.patch("me", &change).await.ok()["email_verified"].clone();
    assert_eq!(
        verified(json!({ "email": "ada@example.com", "current_password": PASSWORD })).await,
        false
    );
    server.database.execute("UPDATE users SET email_verified_at = now()").await;
    assert_eq!(verified(json!({ "first_name": "Ada" })).await, true);
    assert_eq!(verified(json!({ "email": "Ada@Example.com" })).await, true, "the same address");
    assert_eq!(
        verified(json!({ "email": "ada@example.org", "current_password": PASSWORD })).await,
        false
    );
    server.database.execute("UPDATE users SET email_verified_at = now()").await;
    assert_eq!(verified(json!({ "email": null, "current_password": PASSWORD })).await, false);
}

#[tokio::test]
async fn an_invalid_or_unknown_field_is_refused_and_named() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    for field in ["email", "first_name", "last_name", "favorite_genre"] {
        for value in ["", " x", "a\u{200b}b@c"] {
            let answer = user.patch("me", &json!({ field: value })).await;
            assert_eq!(answer.expect(422, "field_invalid").field(), field, "{value:?}");
        }
    }
    for not_ours in ["login", "id", "roles", "disabled"] {
        let answer = user.patch("me", &json!({ not_ours: "x" })).await;
        assert_eq!(answer.expect(422, "field_invalid").field(), not_ours);
    }
}

#[tokio::test]
async fn a_deleted_account_is_not_found() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    server.database.execute("DELETE FROM users").await;
    user.get("me").await.expect(404, "user_not_found");
    user.patch("me", &json!({ "first_name": "Ada" })).await.expect(404, "user_not_found");
}

#[tokio::test]
async fn a_favorite_genre_can_be_set_and_cleared() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    assert_eq!(user.get("me").await.ok()["favorite_genre"], json!(null));
    let longest = "é".repeat(100);
    for genre in ["1cacff68-643e-4ddd-8f57-84b62538081a", "science fiction", &longest] {
        let changed = user.patch("me", &json!({ "favorite_genre": genre })).await.ok();
        assert_eq!(changed["favorite_genre"], genre);
    }
    user.patch("me", &json!({ "first_name": "Ada" })).await.expect(200, "");
    assert_eq!(user.get("me").await.ok()["favorite_genre"], longest);
    let long = json!({ "favorite_genre": "x".repeat(101) });
    let answer = user.patch("me", &long).await;
    assert_eq!(answer.expect(422, "field_invalid").field(), "favorite_genre");
    let cleared = user.patch("me", &json!({ "favorite_genre": null })).await.ok();
    assert_eq!(cleared["favorite_genre"], json!(null));
}

#[tokio::test]
async fn a_user_sees_their_own_roles_and_when_they_last_signed_in() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    grant(&root, &user.id, "subscriber").await;
    let me = user.get("me").await.ok();
    assert_eq!(me["roles"], json!(["subscriber"]));
    server.clock.advance(TimeDelta::minutes(1));
    let before = server.clock.now();
    let again = server.log_in("ada").await.get("me").await.ok();
    let at = |me: &Value| me["last_login_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    assert!(at(&me) < before && at(&again) >= before - TimeDelta::milliseconds(1));
    // Refreshing is not a login.
    let body = json!({ "refresh_token": user.refresh_token });
    server.clock.advance(TimeDelta::minutes(1));
    server.guest().post("auth/refresh", &body).await.expect(200, "");
    assert_eq!(user.get("me").await.ok()["last_login_at"], again["last_login_at"]);
}
