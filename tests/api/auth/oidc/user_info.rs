//! Claims that a provider states at its `UserInfo` endpoint only.

use serde_json::{Value, json};
use tests::oidc::{OidcSite, Reply};

use super::accounts::{me, register_with_email};
use super::verify;

/// An ID token that has none of the claims about the user.
fn bare() -> Value {
    let names = ["email", "email_verified", "preferred_username"];
    names
        .into_iter()
        .map(|name| (name.to_owned(), Value::Null))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

async fn site(user_info: Value) -> OidcSite {
    let site = OidcSite::start().await;
    site.provider.script().user_info = user_info;
    site
}

#[tokio::test]
async fn what_the_id_token_lacks_is_taken_from_user_info() {
    let site = site(json!({
        "sub": "subject-1", "email": "ada@example.com", "email_verified": "true",
        "preferred_username": "ada", "given_name": "Ada", "family_name": "Lovelace",
    }))
    .await;
    let me = me(&site, bare()).await;
    assert_eq!((&me["login"], &me["email"]), (&json!("ada"), &json!("ada@example.com")));
    assert_eq!((&me["first_name"], &me["last_name"]), (&json!("Ada"), &json!("Lovelace")));
    assert_eq!(me["email_verified"], true);
    // An ID token that has them is enough.
    let asked = site.provider.requests_to("/userinfo");
    site.sign_in_as(json!({})).await.expect(200, "");
    assert_eq!(site.provider.requests_to("/userinfo"), asked);
}

#[tokio::test]
async fn a_verified_address_from_user_info_links_the_account_that_confirmed_it() {
    let site =
        site(json!({ "sub": "subject-1", "email": "ada@example.com", "email_verified": true }))
            .await;
    let user = register_with_email(&site.server, "grace", "ada@example.com").await;
    verify(&site.server, "grace").await;
    assert_eq!(me(&site, bare()).await["id"], user.id.as_str());
}

#[tokio::test]
async fn user_info_about_another_subject_is_rejected() {
    for subject in [json!("subject-2"), Value::Null, json!(1), json!("")] {
        let site = site(json!({ "sub": subject, "email": "ada@example.com" })).await;
        site.sign_in_as(bare()).await.expect(401, "provider_answer_invalid");
        assert_eq!(site.server.database.count("SELECT count(*) FROM users").await, 0);
    }
}

#[tokio::test]
async fn without_user_info_no_account_comes_out_nameless() {
    let site = site(json!({ "sub": "subject-1" })).await;
    site.provider.script().claims = bare();
    for (reply, status) in [
        (Reply::Status(500), 503),
        (Reply::Huge, 503),
        (Reply::Status(403), 401),
        (Reply::Text("[".into()), 401),
        (Reply::Redirect(format!("{}/userinfo", site.other.url)), 401),
    ] {
        site.provider.script().user_info_reply = reply.clone();
        assert_eq!(site.sign_in().await.status, status, "{reply:?}");
    }
    assert_eq!(site.server.database.count("SELECT count(*) FROM users").await, 0);
    // The access token is not sent in the clear.
    site.provider.script().user_info_reply = Reply::Normal;
    site.provider.script().metadata = json!({ "userinfo_endpoint": "http://192.0.2.1/userinfo" });
    site.server.clock.advance(chrono::TimeDelta::hours(1));
    site.sign_in().await.expect(503, "provider_unavailable");
}
