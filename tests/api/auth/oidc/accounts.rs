//! Whose account somebody gets who signs in by a provider.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use tests::TestServer;
use tests::oidc::Site;

use super::{password, verify};

async fn me(site: &Site, claims: Value) -> Value {
    let answer = site.sign_in_as(claims).await;
    site.caller(&answer).get("me").await.ok()
}

async fn email_of(server: &TestServer, login: &str, email: &str) -> tests::User {
    let user = server.register(login).await;
    let change = json!({ "email": email, "current_password": tests::PASSWORD });
    user.patch("me", &change).await.expect(200, "");
    user
}

#[tokio::test]
async fn an_account_is_known_by_issuer_and_subject_whatever_else_changes() {
    let site = Site::start().await;
    let first = me(&site, json!({})).await;
    assert_eq!((&first["login"], &first["email"]), (&json!("ada"), &json!("ada@example.com")));
    let changed = json!({
        "email": "other@example.com", "preferred_username": "someone", "email_verified": false,
    });
    let again = me(&site, changed).await;
    assert_eq!(again["id"], first["id"]);
    assert_eq!(again["email"], "ada@example.com");
    // Another subject is somebody else, even with the same name.
    let other = json!({ "sub": "Subject-1", "email": null });
    let other = me(&site, other).await;
    assert_ne!(other["id"], first["id"]);
    assert!(other["login"].as_str().unwrap().starts_with("user-"), "{other}");
    let identities = site.server.database.count("SELECT count(*) FROM identities").await;
    assert_eq!(identities, 2);
}

#[tokio::test]
async fn the_same_subject_of_another_provider_is_somebody_else() {
    let site = Site::start().await;
    let first = me(&site, json!({})).await;
    let mut browser = site.browser();
    browser.provider = "other".into();
    site.other.script().claims = json!({ "email": "other@example.com" });
    let begun = browser.begin().await;
    let (code, state) = (site.other.agree(&begun.page), begun.parameter("state"));
    let answer = browser.come_back(&begun.cookie, &[("code", &code), ("state", &state)]).await;
    assert_ne!(site.caller(&answer).get("me").await.ok()["id"], first["id"]);
}

#[tokio::test]
async fn an_account_with_the_same_address_is_linked_only_where_both_sides_made_sure_of_it() {
    let site = Site::start().await;
    let user = email_of(&site.server, "grace", "Ada@Example.com").await;
    for (ours, theirs) in [(false, true), (false, false), (true, false)] {
        if ours {
            verify(&site.server, "grace").await;
        }
        let answer = site.sign_in_as(json!({ "email_verified": theirs })).await;
        let answer = answer.expect(409, "account_exists");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("at hostile by POST /api/v1/me/identities."), "{detail}");
        // Nor by a claim that is missing.
        site.sign_in_as(json!({ "email_verified": null })).await.expect(409, "account_exists");
    }
    let count = "SELECT (SELECT count(*) FROM identities) + (SELECT count(*) FROM users)";
    assert_eq!(site.server.database.count(count).await, 1);
    assert_eq!(me(&site, json!({})).await["id"], user.id.as_str());
    // From then on by the subject alone.
    let elsewhere = json!({ "email": "new@example.com", "email_verified": false });
    assert_eq!(me(&site, elsewhere).await["id"], user.id.as_str());
}

#[tokio::test]
async fn an_address_that_somebody_only_claimed_a_week_ago_keeps_nobody_out() {
    let site = Site::with(&[
        ("AUTH_SMTP_URL", "smtp://127.0.0.1:1"),
        ("AUTH_MAIL_FROM", "films@example.com"),
    ])
    .await;
    let squatter = email_of(&site.server, "squatter", "ada@example.com").await;
    site.sign_in().await.expect(409, "account_exists");
    site.server.clock.advance(TimeDelta::days(7));
    let ada = me(&site, json!({})).await;
    assert_eq!((&ada["email"], &ada["email_verified"]), (&json!("ada@example.com"), &json!(true)));
    assert_ne!(ada["id"], squatter.id.as_str());
}

#[tokio::test]
async fn an_address_is_taken_over_as_verified_only_where_the_provider_says_so() {
    let site = Site::start().await;
    let verified = "SELECT count(*) FROM users WHERE email_verified_at IS NOT NULL";
    me(&site, json!({ "sub": "a", "email_verified": false })).await;
    assert_eq!(site.server.database.count(verified).await, 0);
    me(&site, json!({ "sub": "b", "email": "b@example.com", "email_verified": "true" })).await;
    assert_eq!(site.server.database.count(verified).await, 1);
}

#[tokio::test]
async fn what_a_provider_tells_is_cleaned_like_what_is_typed() {
    let site = Site::start().await;
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
async fn a_login_that_somebody_has_is_not_given_twice() {
    let site = Site::start().await;
    let user = site.server.register("ADA").await;
    let me = me(&site, json!({})).await;
    assert_ne!(me["id"], user.id.as_str());
    assert!(me["login"].as_str().unwrap().starts_with("user-"), "{me}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_first_sign_ins_of_one_identity_at_once_one_makes_the_account() {
    let site = Site::start().await;
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

#[tokio::test]
async fn an_account_that_a_provider_made_has_no_password() {
    let site = Site::start().await;
    site.sign_in().await.expect(200, "");
    for password in ["", "x", tests::PASSWORD] {
        let body = json!({ "login": "ada", "password": password });
        let answer = site.server.guest().post("auth/login", &body).await;
        answer.expect(401, "credentials_invalid");
    }
}

#[tokio::test]
async fn a_disabled_account_is_not_signed_in_to() {
    let site = Site::start().await;
    let root = site.server.superuser().await;
    let me = me(&site, json!({})).await;
    let path = format!("users/{}/disable", me["id"].as_str().unwrap());
    root.post(&path, &Value::Null).await.ok();
    site.sign_in().await.expect(401, "credentials_invalid");
    // Nor is one linked to it because of its address.
    site.sign_in_as(json!({ "sub": "new" })).await.expect(401, "credentials_invalid");
    assert_eq!(site.server.database.count("SELECT count(*) FROM identities").await, 1);
}

#[tokio::test]
async fn a_disabled_account_is_not_asked_for_its_second_factor_either() {
    let site = Site::start().await;
    let (root, user) = (site.server.superuser().await, site.server.register("grace").await);
    site.link(&user, &password()).await.expect(200, "");
    site.server.enrol(&user).await;
    root.post(&format!("users/{}/disable", user.id), &Value::Null).await.ok();
    site.sign_in().await.expect(401, "credentials_invalid");
}

#[tokio::test]
async fn a_program_that_the_account_does_not_allow_is_refused() {
    let site = Site::start().await;
    let user = site.server.register("grace").await;
    site.link(&user, &password()).await.expect(200, "");
    let list = json!({ "current_password": tests::PASSWORD, "allowed": ["firefox"] });
    let request = user.request(reqwest::Method::PUT, "me/user-agents").json(&list);
    user.send(request.header("user-agent", "Firefox/1")).await.ok();
    let sessions = "SELECT count(*) FROM sessions WHERE ended_at IS NULL";
    let before = site.server.database.count(sessions).await;
    site.sign_in().await.expect(403, "agent_not_allowed");
    assert_eq!(site.server.database.count(sessions).await, before);
    let history = user.get("me/history").await.ok();
    assert_eq!(history["items"][0]["outcome"], "agent_not_allowed", "{history}");
    assert_eq!(history["items"][0]["provider"], "hostile", "{history}");
}

#[tokio::test]
async fn who_has_a_second_factor_owes_a_code_with_and_without_a_password() {
    let site = Site::start().await;
    let user = site.server.register("grace").await;
    site.link(&user, &password()).await.expect(200, "");
    let (app, _) = site.server.enrol(&user).await;
    let answer = site.sign_in().await.expect(200, "").json();
    assert_eq!(answer["mfa_required"], true, "{answer}");
    assert!(answer.get("access_token").is_none(), "{answer}");
    let guest = site.server.guest();
    let wrong = json!({ "challenge": answer["challenge"], "code": app.wrong_code(&site.server) });
    guest.post("auth/login/second-factor", &wrong).await.expect(401, "code_wrong");
    let right = json!({ "challenge": answer["challenge"], "code": app.code_in(&site.server, 1) });
    let pair = guest.post("auth/login/second-factor", &right).await.expect(200, "");
    assert_eq!(site.caller(&pair).get("me").await.ok()["id"], user.id.as_str());
    guest.post("auth/login/second-factor", &right).await.expect(401, "challenge_invalid");
}

#[tokio::test]
async fn to_an_account_with_a_second_factor_nothing_is_linked_without_a_code() {
    let site = Site::start().await;
    let user = email_of(&site.server, "grace", "ada@example.com").await;
    verify(&site.server, "grace").await;
    let (app, _) = site.server.enrol(&user).await;
    site.sign_in().await.expect(409, "account_exists");
    assert_eq!(user.get("me/identities").await.ok()["items"], json!([]));
    let proof = json!({ "code": app.code_in(&site.server, 1) });
    site.link(&user, &proof).await.expect(200, "");
    assert_eq!(site.sign_in().await.ok()["mfa_required"], true);
}

#[tokio::test]
async fn an_account_without_a_password_can_have_a_second_factor() {
    let site = Site::start().await;
    let signed_in = site.sign_in().await;
    let caller = site.caller(&signed_in);
    let app = tests::App::scan(&caller.post("me/second-factor", &json!({})).await.ok());
    let code = json!({ "code": app.code(&site.server) });
    caller.post("me/second-factor/confirm", &code).await.expect(200, "");
    let answer = site.sign_in().await.expect(200, "").json();
    let right = json!({ "challenge": answer["challenge"], "code": app.code_in(&site.server, 1) });
    let guest = site.server.guest();
    let pair = guest.post("auth/login/second-factor", &right).await.expect(200, "");
    site.caller(&pair).get("me").await.expect(200, "");
}

#[tokio::test]
async fn the_history_says_by_which_provider_somebody_came() {
    let site = Site::start().await;
    let answer = site.sign_in().await;
    let caller = site.caller(&answer);
    let first = caller.get("me/history").await.ok()["items"][0].clone();
    assert_eq!(first["method"], "oidc");
    assert_eq!((&first["provider"], &first["outcome"]), (&json!("hostile"), &json!("succeeded")));
    assert!(first["session_id"].is_string(), "{first}");
    // Somebody whose address could not be linked learns of the try.
    verify(&site.server, "ada").await;
    let stranger = json!({ "sub": "stranger", "email_verified": false });
    site.sign_in_as(stranger).await.expect(409, "account_exists");
    let history = caller.get("me/history").await.ok();
    assert_eq!(history["items"][0]["outcome"], "account_exists", "{history}");
}
