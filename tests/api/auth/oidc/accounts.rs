//! The account that an external identity signs in to.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::oidc::OidcSite;
use tests::{EMAIL_SETTINGS, MailServer, TestServer};

use super::verify;

pub(super) async fn me(site: &OidcSite, claims: Value) -> Value {
    let answer = site.sign_in_as(claims).await;
    site.caller(&answer).get("me").await.ok()
}

pub(super) async fn register_with_email(
    server: &TestServer,
    login: &str,
    email: &str,
) -> tests::User {
    let user = server.register(login).await;
    let change = json!({ "email": email, "current_password": tests::PASSWORD });
    user.patch("me", &change).await.expect(200, "");
    user
}

#[tokio::test]
async fn an_identity_is_recognized_by_issuer_and_subject_alone() {
    let site = OidcSite::start().await;
    let first = me(&site, json!({})).await;
    assert_eq!((&first["login"], &first["email"]), (&json!("ada"), &json!("ada@example.com")));
    let changed = json!({
        "email": "other@example.com", "preferred_username": "someone", "email_verified": false,
    });
    let again = me(&site, changed).await;
    assert_eq!(again["id"], first["id"]);
    assert_eq!(again["email"], "ada@example.com");
    // Another subject is another user, even with the same name.
    let other = json!({ "sub": "Subject-1", "email": null });
    let other = me(&site, other).await;
    assert_ne!(other["id"], first["id"]);
    assert!(other["login"].as_str().unwrap().starts_with("user-"), "{other}");
    let identities = site.server.database.count("SELECT count(*) FROM identities").await;
    assert_eq!(identities, 2);
}

#[tokio::test]
async fn the_same_subject_at_another_provider_is_another_identity() {
    let site = OidcSite::start().await;
    let first = me(&site, json!({})).await;
    let mut browser = site.browser();
    browser.provider = "other".into();
    site.other.script().claims = json!({ "email": "other@example.com" });
    let flow = browser.begin().await;
    let (code, state) = (site.other.authorize(&flow.authorization_url), flow.parameter("state"));
    let answer = browser.call_back(&flow.cookie, &[("code", &code), ("state", &state)]).await;
    assert_ne!(site.caller(&answer).get("me").await.ok()["id"], first["id"]);
}

#[tokio::test]
async fn an_identity_is_linked_only_to_an_account_that_was_confirmed_together_with_its_address() {
    let site = OidcSite::start().await;
    let user = register_with_email(&site.server, "grace", "Ada@Example.com").await;
    // Confirmed by a token alone, by an earlier version of the server: maybe not by the account's owner.
    site.server.database.execute("UPDATE users SET email_verified_at = now()").await;
    for verified in [json!(true), json!(false), json!(null)] {
        let answer = site.sign_in_as(json!({ "email_verified": verified })).await;
        let answer = answer.expect(409, "account_exists");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("at hostile with POST /api/v1/me/identities."), "{detail}");
    }
    verify(&site.server, "grace").await;
    for verified in [json!(false), json!(null)] {
        let answer = site.sign_in_as(json!({ "email_verified": verified })).await;
        answer.expect(409, "account_exists");
    }
    let count = "SELECT (SELECT count(*) FROM identities) + (SELECT count(*) FROM users)";
    assert_eq!(site.server.database.count(count).await, 1);
    assert_eq!(me(&site, json!({})).await["id"], user.id.as_str());
    // From then on the subject alone identifies the account.
    let elsewhere = json!({ "email": "new@example.com", "email_verified": false });
    assert_eq!(me(&site, elsewhere).await["id"], user.id.as_str());
}

#[tokio::test]
async fn an_address_that_the_provider_has_verified_is_taken_from_accounts_that_only_claim_it() {
    for settings in [&EMAIL_SETTINGS[..], &[]] {
        let unreachable = ("AUTH_SMTP_URL", "smtp://127.0.0.1:1");
        let sent = (!settings.is_empty()).then_some(unreachable);
        let settings: Vec<_> = settings.iter().copied().chain(sent).collect();
        let site = OidcSite::with(&settings).await;
        let squatter = register_with_email(&site.server, "squatter", "ada@example.com").await;
        let ada = me(&site, json!({})).await;
        assert_eq!(
            (&ada["email"], &ada["email_verified"]),
            (&json!("ada@example.com"), &json!(true))
        );
        assert_ne!(ada["id"], squatter.id.as_str());
        assert_eq!(squatter.get("me").await.ok()["email"], Value::Null);
        // Another identity with this address is hers as well.
        assert_eq!(me(&site, json!({ "sub": "subject-2" })).await["id"], ada["id"]);
    }
}

#[tokio::test]
async fn an_unverified_address_of_an_identity_is_a_claim_like_any_other() {
    let site = OidcSite::start().await;
    let user = register_with_email(&site.server, "grace", "ada@example.com").await;
    // No mail is sent: the first to register the address has it.
    site.sign_in_as(json!({ "email_verified": false })).await.expect(409, "account_exists");
    assert_eq!(user.get("me").await.ok()["email"], "ada@example.com");
    let mail = MailServer::start();
    let site = mail.oidc_site().await;
    register_with_email(&site.server, "grace", "ada@example.com").await;
    // Messages that wait together may be delivered in any order.
    mail.mail("ada@example.com", 0).await;
    let answer = site.sign_in_as(json!({ "email_verified": false })).await;
    let caller = site.caller(&answer);
    assert_eq!(caller.get("me").await.ok()["email_verified"], false);
    let token = mail.mail("ada@example.com", 1).await.token();
    caller.post("auth/email/verify", &json!({ "token": token })).await.expect(204, "");
    assert_eq!(caller.get("me").await.ok()["email_verified"], true);
}

#[tokio::test]
async fn a_message_that_an_attacker_had_sent_does_not_merge_the_accounts() {
    let mail = MailServer::start();
    let site = mail.oidc_site().await;
    let attacker = register_with_email(&site.server, "attacker", "ada@example.com").await;
    let token = mail.mail("ada@example.com", 0).await.token();
    let body = json!({ "token": token });
    site.server
        .guest()
        .post("auth/email/verify", &body)
        .await
        .expect(403, "account_proof_required");
    let victim = me(&site, json!({})).await;
    assert_ne!(victim["id"], attacker.id.as_str());
    assert_eq!(attacker.get("me/identities").await.ok()["items"], json!([]));
}

#[tokio::test]
async fn an_address_counts_as_verified_only_if_the_provider_says_so() {
    let site = OidcSite::start().await;
    let verified = "SELECT count(*) FROM users WHERE email_verified_at IS NOT NULL";
    me(&site, json!({ "sub": "a", "email_verified": false })).await;
    assert_eq!(site.server.database.count(verified).await, 0);
    me(&site, json!({ "sub": "b", "email": "b@example.com", "email_verified": "true" })).await;
    assert_eq!(site.server.database.count(verified).await, 1);
}

#[tokio::test]
async fn claims_are_validated_like_user_input() {
    let site = OidcSite::start().await;
    for (number, (claim, value)) in [
        ("email", json!("no address")),
        ("email", json!("a\u{0}@example.com")),
        ("preferred_username", json!("x")),
        ("preferred_username", json!("\u{202e}evil")),
        ("preferred_username", json!("mallory@example.com")),
        ("preferred_username", json!("x".repeat(65))),
    ]
    .into_iter()
    .enumerate()
    {
        let mut claims = json!({ "sub": number.to_string(), "email": null });
        claims[claim] = value;
        let me = me(&site, claims).await;
        assert_eq!(me["email"], Value::Null);
        if claim == "preferred_username" {
            assert!(me["login"].as_str().unwrap().starts_with("user-"), "{me}");
        }
    }
    let names = json!({ "sub": "n", "given_name": "x".repeat(101), "family_name": "Ok" });
    let me = me(&site, names).await;
    assert_eq!((&me["first_name"], &me["last_name"]), (&Value::Null, &json!("Ok")));
}

#[tokio::test]
async fn a_new_account_does_not_get_a_login_that_is_taken() {
    let site = OidcSite::start().await;
    let user = site.server.register("ADA").await;
    let me = me(&site, json!({})).await;
    assert_ne!(me["id"], user.id.as_str());
    assert!(me["login"].as_str().unwrap().starts_with("user-"), "{me}");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_first_sign_ins_of_one_identity_create_one_account() {
    let site = OidcSite::start().await;
    let answers = join_all((0..10).map(|_| site.sign_in())).await;
    let mut ids = vec![];
    for answer in &answers {
        ids.push(site.caller(answer).get("me").await.ok()["id"].clone());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(site.server.database.count("SELECT count(*) FROM users").await, 1);
    assert_eq!(site.server.database.count("SELECT count(*) FROM identities").await, 1);
}
