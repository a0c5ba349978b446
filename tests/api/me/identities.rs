//! `GET /api/v1/me/identities` and `DELETE /api/v1/me/identities/{id}`

use futures::future::join_all;
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use tests::oidc::OidcSite;
use tests::{Answer, Caller, current_password};

async fn unlink(caller: &Caller, id: &str, credential: &Value) -> Answer {
    let path = format!("me/identities/{id}");
    caller.delete_with(&path, credential).await
}

/// Ids of the caller's identities.
async fn ids(caller: &Caller) -> Vec<String> {
    let list = caller.get("me/identities").await.ok();
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_user_sees_their_linked_identities() {
    let site = OidcSite::start().await;
    let answer = site.sign_in().await;
    let answer = site.caller(&answer).get("me/identities").await;
    assert_snapshot!(answer.to_string().replace(&site.provider.url, "[issuer]"), @r#"
    200
    {
      "items": [
        {
          "created_at": "[time]",
          "email": "ada@example.com",
          "id": "[id]",
          "issuer": "[issuer]",
          "last_used_at": "[time]",
          "provider": "hostile",
          "subject": "subject-1"
        }
      ],
      "next": null
    }
    "#);
}

#[tokio::test]
async fn unlinking_an_identity_ends_the_other_sessions() {
    let site = OidcSite::start().await;
    let user = site.server.register("grace").await;
    site.link(&user, &current_password()).await.expect(200, "");
    let there = site.sign_in().await;
    let there = site.caller(&there);
    let id = ids(&user).await.remove(0);
    let wrong = json!({ "current_password": "wrong" });
    unlink(&user, &id, &wrong).await.expect(403, "current_password_wrong");
    unlink(&user, &id, &json!({})).await.expect(422, "field_invalid");
    there.get("me").await.expect(200, "");
    unlink(&user, &id, &current_password()).await.expect(204, "");
    assert!(ids(&user).await.is_empty());
    there.get("me").await.expect(401, "token_revoked");
    user.get("me").await.expect(200, "");
    unlink(&user, &id, &current_password()).await.expect(404, "identity_not_found");
    // The identity is free now: signing in with it creates an account.
    let answer = site.sign_in().await;
    assert_ne!(site.caller(&answer).get("me").await.ok()["id"], user.id.as_str());
}

#[tokio::test]
async fn the_last_way_to_sign_in_cannot_be_removed() {
    let site = OidcSite::start().await;
    let answer = site.sign_in().await;
    let caller = site.caller(&answer);
    let first = ids(&caller).await.remove(0);
    unlink(&caller, &first, &json!({})).await.expect(409, "last_way_to_sign_in");
    site.provider.script().claims = json!({ "sub": "second" });
    site.link(&caller, &json!({})).await.expect(200, "");
    unlink(&caller, &first, &json!({})).await.expect(204, "");
    let second = ids(&caller).await.remove(0);
    unlink(&caller, &second, &json!({})).await.expect(409, "last_way_to_sign_in");
    assert_eq!(ids(&caller).await, [second]);
}

#[tokio::test]
async fn an_identity_of_a_removed_provider_is_not_a_way_to_sign_in() {
    let site = OidcSite::start().await;
    let answer = site.sign_in().await;
    let caller = site.caller(&answer);
    let first = ids(&caller).await.remove(0);
    site.provider.script().claims = json!({ "sub": "second" });
    site.link(&caller, &json!({})).await.expect(200, "");
    let gone =
        format!("UPDATE identities SET issuer = 'https://gone.example' WHERE id = '{first}'");
    site.server.database.execute(&gone).await;
    let list = caller.get("me/identities").await.ok();
    assert_eq!(list["items"][0]["provider"], Value::Null, "{list}");
    let second = ids(&caller).await.remove(1);
    unlink(&caller, &second, &json!({})).await.expect(409, "last_way_to_sign_in");
    unlink(&caller, &first, &json!({})).await.expect(204, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn unlinking_concurrently_does_not_lock_the_user_out() {
    for _ in 0..5 {
        let site = OidcSite::start().await;
        let answer = site.sign_in().await;
        let caller = site.caller(&answer);
        site.provider.script().claims = json!({ "sub": "second" });
        site.link(&caller, &json!({})).await.expect(200, "");
        let (ids, credential) = (ids(&caller).await, json!({}));
        let answers = join_all(ids.iter().map(|id| unlink(&caller, id, &credential))).await;
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409], "{answers:#?}");
    }
}

#[tokio::test]
async fn the_identities_of_another_user_cannot_be_seen_or_unlinked() {
    let site = OidcSite::start().await;
    let (user, other) = (site.server.register("ada-1").await, site.server.register("bob").await);
    site.link(&user, &current_password()).await.expect(200, "");
    let root = site.server.superuser().await;
    let id = ids(&user).await.remove(0);
    for stranger in [&other.caller, &root.caller] {
        assert!(ids(stranger).await.is_empty());
        unlink(stranger, &id, &current_password()).await.expect(404, "identity_not_found");
    }
    assert_eq!(ids(&user).await, [id]);
}

#[tokio::test]
async fn identities_are_deleted_with_their_account() {
    let site = OidcSite::start().await;
    let user = site.server.register("grace").await;
    site.link(&user, &current_password()).await.expect(200, "");
    user.send(user.request(Method::DELETE, "me").json(&current_password())).await.expect(204, "");
    assert_eq!(site.server.database.count("SELECT count(*) FROM identities").await, 0);
    let answer = site.sign_in().await;
    assert_ne!(site.caller(&answer).get("me").await.ok()["id"], user.id.as_str());
}
