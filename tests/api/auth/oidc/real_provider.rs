//! The whole flow with a real provider.

use serde_json::json;
use tests::oidc::{Browser, OidcSite, RealProvider};
use tests::{Answer, current_password};

/// Signs in through the real provider.
async fn sign_in(site: &OidcSite, provider: &str, login: &str) -> Answer {
    let browser = Browser { provider: provider.into(), ..site.browser() };
    let flow = browser.begin().await;
    let back = RealProvider::visit().authorize(&flow.authorization_url, login).await;
    let expected = format!("http://127.0.0.1:8080/api/v1/auth/oidc/{provider}/callback?");
    assert!(back.as_str().starts_with(&expected), "{back}");
    browser.follow(&flow, &back).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_signs_in_for_the_first_time_and_again_with_every_algorithm() {
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let (site, provider) = (OidcSite::real(algorithm).await, algorithm.to_lowercase());
        let first = sign_in(&site, &provider, "ada").await.expect(200, "");
        assert_eq!(first.header("cache-control"), "no-store");
        let me = site.caller(&first).get("me").await.ok();
        assert_eq!((&me["login"], &me["email"]), (&json!("ada"), &json!("ada@example.com")));
        assert_eq!((&me["first_name"], &me["last_name"]), (&json!("Ada"), &json!("Lovelace")));
        let again = sign_in(&site, &provider, "ada").await;
        let caller = site.caller(&again);
        assert_eq!(caller.get("me").await.ok()["id"], me["id"], "{algorithm}");
        let other = sign_in(&site, &provider, "bob").await;
        assert_ne!(site.caller(&other).get("me").await.ok()["id"], me["id"], "{algorithm}");
        let refreshed = json!({ "refresh_token": again.json()["refresh_token"] });
        site.server.guest().post("auth/refresh", &refreshed).await.expect(200, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_declines_at_the_provider_is_told_so() {
    let site = OidcSite::real("RS256").await;
    let browser = Browser { provider: "rs256".into(), ..site.browser() };
    let flow = browser.begin().await;
    let back = RealProvider::visit().decline(&flow.authorization_url).await;
    let answer = browser.follow(&flow, &back).await.expect(403, "consent_denied");
    assert!(answer.json()["title"].as_str().unwrap().contains("start again"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_linked_while_signed_in_can_be_used_to_sign_in() {
    let site = OidcSite::real("RS256").await;
    let user = site.server.register("eve").await;
    let browser = Browser { provider: "rs256".into(), ..site.browser() };
    let credential = current_password();
    let (answer, flow) = browser.begin_link(&user, &credential).await;
    answer.expect(200, "");
    let flow = flow.unwrap();
    let back = RealProvider::visit().authorize(&flow.authorization_url, "eve-elsewhere").await;
    let linked = browser.follow(&flow, &back).await.expect(200, "").json();
    assert_eq!(linked["linked"][0]["subject"], "eve-elsewhere", "{linked}");
    let signed_in = sign_in(&site, "rs256", "eve-elsewhere").await;
    assert_eq!(site.caller(&signed_in).get("me").await.ok()["id"], user.id.as_str());
}
