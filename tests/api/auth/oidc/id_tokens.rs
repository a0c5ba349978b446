//! Validation of ID tokens, token responses and callbacks.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::oidc::{Browser, OidcSite, Reply, Script, Signature};

async fn assert_rejected(site: &OidcSite, what: &str) {
    let answer = site.sign_in().await;
    assert_eq!((answer.status, &*answer.code()), (401, "provider_answer_invalid"), "{what}");
    let made = "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM sessions)";
    assert_eq!(site.server.database.count(made).await, 0, "{what}");
}

#[tokio::test]
async fn an_id_token_with_an_invalid_claim_is_rejected() {
    let site = OidcSite::start().await;
    let now = site.server.clock.now().timestamp();
    for claims in [
        json!({ "iss": "https://accounts.example" }),
        json!({ "iss": format!("{}/", site.provider.url) }),
        json!({ "iss": site.other.url }),
        json!({ "iss": null }),
        json!({ "aud": "another-client" }),
        json!({ "aud": ["films", "another-client"] }),
        json!({ "aud": ["films", "another-client"], "azp": "films" }),
        json!({ "aud": [] }),
        json!({ "aud": null }),
        json!({ "aud": ["films", 7], "azp": "films" }),
        json!({ "aud": { "films": true } }),
        json!({ "azp": "another-client" }),
        json!({ "azp": 7 }),
        json!({ "azp": ["films"] }),
        json!({ "nonce": "another" }),
        json!({ "nonce": "" }),
        json!({ "nonce": null }),
        json!({ "nonce": true }),
        json!({ "exp": now - 61 }),
        json!({ "exp": null }),
        json!({ "exp": "never" }),
        json!({ "iat": now + 90 }),
        json!({ "iat": now - 4_000 }),
        json!({ "iat": null }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "sub": "x".repeat(256) }),
        json!({ "sub": "a\u{0}b" }),
        json!({ "sub": 7 }),
        json!({ "at_hash": "AAAA" }),
        json!({ "at_hash": "" }),
        json!({ "at_hash": 7 }),
    ] {
        site.provider.script().claims = claims.clone();
        assert_rejected(&site, &claims.to_string()).await;
    }
    // A minute of clock skew is tolerated.
    for claims in
        [json!({ "exp": now - 55 }), json!({ "iat": now + 55 }), json!({ "azp": "films" })]
    {
        site.provider.script().claims = claims.clone();
        let answer = site.sign_in().await;
        assert_eq!(answer.status, 200, "{claims}: {answer:?}");
    }
}

#[tokio::test]
async fn claims_of_any_type_are_accepted_unless_they_are_checked() {
    let site = OidcSite::start().await;
    let cases: Value = serde_json::from_str(include_str!("claims.json")).unwrap();
    for claims in cases["sign in"].as_array().unwrap() {
        site.provider.script().claims = claims.clone();
        let answer = site.sign_in().await;
        assert_eq!(answer.status, 200, "{claims}: {answer:?}");
    }
    for name in ["zoneinfo", "amr", "email", "preferred_username", "family_name", "nbf"] {
        for value in [json!(7), json!([{}]), json!({ "a": 1 }), json!("x"), json!(true)] {
            let claims = json!({ name: value });
            site.provider.script().claims = claims.clone();
            let answer = site.sign_in().await;
            assert_eq!(answer.status, 200, "{claims}: {answer:?}");
        }
    }
    site.provider.script().claims = json!({});
    let more = [json!({ "scope": ["openid", "email"] }), json!({ "token_type": 7 })];
    for response in cases["token answer"].as_array().unwrap().iter().chain(&more) {
        site.provider.script().token = response.clone();
        let answer = site.sign_in().await;
        assert_eq!(answer.status, 200, "{response}: {answer:?}");
    }
}

#[tokio::test]
async fn other_audiences_are_accepted_if_they_are_configured_and_the_token_was_asked_for_here() {
    let site = OidcSite::start().await;
    let text = std::fs::read_to_string(&site.file).unwrap();
    let line = "audiences = [\"account\", \"reports\"]\nissuer =";
    std::fs::write(&site.file, text.replace("issuer =", line)).unwrap();
    let server = site.server.replica(&[]).await;
    let browser = Browser { guest: server.guest(), ..site.browser() };
    let both = json!(["films", "account"]);
    for (claims, status) in [
        (json!({ "aud": both, "azp": "films" }), 200),
        (json!({ "aud": ["reports", "account", "films"], "azp": "films" }), 200),
        (json!({ "aud": "films" }), 200),
        (json!({ "aud": both }), 401),
        (json!({ "aud": both, "azp": "account" }), 401),
        (json!({ "aud": ["account"], "azp": "films" }), 401),
        (json!({ "aud": ["films", "another"], "azp": "films" }), 401),
    ] {
        site.provider.script().claims = claims.clone();
        let flow = browser.begin().await;
        assert_eq!(site.finish(&browser, &flow).await.status, status, "{claims}");
    }
}

#[tokio::test]
async fn an_id_token_without_a_valid_signature_is_rejected() {
    let site = OidcSite::start().await;
    for signature in [
        Signature::UnknownKey,
        Signature::Tampered,
        Signature::Missing,
        Signature::PublicKeyAsSecret,
        Signature::ClientSecret,
    ] {
        site.provider.script().signature = signature;
        assert_rejected(&site, &format!("{signature:?}")).await;
    }
    site.provider.script().signature = Signature::Valid;
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "None" }),
        json!({ "alg": "HS256" }),
        json!({ "alg": "RS256" }),
        json!({ "alg": "ES256" }),
        json!({ "alg": null }),
        json!({ "kid": "another" }),
        json!({ "typ": "at+jwt" }),
        json!({ "crit": ["exp"] }),
        json!({ "cty": "JWT" }),
    ] {
        site.provider.script().header = header.clone();
        assert_rejected(&site, &header.to_string()).await;
    }
    // A key inside the token is ignored.
    let mut strange = tests::token::jwk(&tests::token::unknown_key());
    strange["kid"] = json!("key-1");
    for header in [json!({ "jwk": strange }), json!({ "jku": format!("{}/keys", site.other.url) })]
    {
        *site.provider.script() = Script {
            header: header.clone(),
            signature: Signature::UnknownKey,
            ..Script::default()
        };
        assert_rejected(&site, &header.to_string()).await;
    }
    assert_eq!(site.other.requests_to("/keys"), 0);
    *site.provider.script() = Script::default();
    site.sign_in().await.expect(200, "");
}

#[tokio::test]
async fn an_access_token_that_does_not_match_at_hash_is_rejected() {
    let site = OidcSite::start().await;
    site.provider.script().at_hash_of = "access token of another user".into();
    assert_rejected(&site, "at_hash").await;
    // Without `at_hash` there is nothing to compare.
    *site.provider.script() = Script::default();
    site.sign_in_as(json!({ "at_hash": null })).await.expect(200, "");
}

#[tokio::test]
async fn an_unreadable_token_response_is_rejected() {
    let site = OidcSite::start().await;
    for page in [
        Reply::Status(200),
        Reply::Status(400),
        Reply::Status(404),
        Reply::Text(String::new()),
        Reply::Text("[]".into()),
        Reply::Text(json!({ "access_token": "x", "token_type": "Bearer" }).to_string()),
        Reply::Text(
            json!({ "access_token": "x", "token_type": "Bearer", "id_token": "x" }).to_string(),
        ),
        Reply::Text(
            json!({ "access_token": "x", "token_type": "Bearer", "id_token": "e30.e30." })
                .to_string(),
        ),
        Reply::Text(json!({ "error": "invalid_grant" }).to_string()),
        Reply::Redirect(format!("{}/token", site.other.url)),
    ] {
        site.provider.script().token_reply = page.clone();
        assert_rejected(&site, &format!("{page:?}")).await;
    }
    assert_eq!(site.other.requests_to("/token"), 0);
}

#[tokio::test]
async fn a_callback_that_names_another_issuer_is_rejected() {
    let site = OidcSite::start().await;
    let browser = site.browser();
    let call_back = async |iss: Option<&str>| {
        let flow = browser.begin().await;
        let (code, state) =
            (site.provider.authorize(&flow.authorization_url), flow.parameter("state"));
        let mut brought = vec![("code", code.as_str()), ("state", &state)];
        brought.extend(iss.map(|iss| ("iss", iss)));
        browser.call_back(&flow.cookie, &brought).await
    };
    call_back(None).await.expect(200, "");
    call_back(Some(&site.provider.url)).await.expect(200, "");
    for iss in [site.other.url.clone(), format!("{}/", site.provider.url), String::new()] {
        call_back(Some(&iss)).await.expect(401, "provider_answer_invalid");
    }
    // A provider that announces the parameter must send it.
    site.provider.script().metadata =
        json!({ "authorization_response_iss_parameter_supported": true });
    site.server.clock.advance(TimeDelta::hours(1));
    call_back(None).await.expect(401, "provider_answer_invalid");
    call_back(Some(&site.provider.url)).await.expect(200, "");
    assert_eq!(site.provider.requests_to("/token"), 3);
}

#[tokio::test]
async fn only_configured_algorithms_are_accepted() {
    let site = OidcSite::start().await;
    let text = std::fs::read_to_string(&site.file).unwrap();
    let allow = |algorithms: Value| {
        let line = format!("algorithms = {algorithms}\nissuer =");
        std::fs::write(&site.file, text.replace("issuer =", &line)).unwrap();
    };
    allow(json!(["RS256"]));
    let other = site.server.replica(&[]).await;
    let mut browser = site.browser();
    browser.guest = browser.guest.at(&other.url);
    let flow = browser.begin().await;
    site.finish(&browser, &flow).await.expect(401, "provider_answer_invalid");
    site.sign_in().await.expect(200, "");
}
