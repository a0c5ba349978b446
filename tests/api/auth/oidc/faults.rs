//! What a provider spoils does not count against the visitor.

use futures::future::join_all;
use serde_json::json;
use tests::Redis;
use tests::oidc::{OidcSite, Reply};

const THREE: (&str, &str) = ("AUTH_THROTTLE_ADDRESS_ATTEMPTS", "3");

#[tokio::test]
async fn the_faults_of_a_provider_lock_nobody_out() {
    let site = OidcSite::with(&[THREE]).await;
    site.server.register("ada").await;
    let spoil = [
        Reply::Text("{".into()),
        Reply::Text(json!({ "error": "invalid_client" }).to_string()),
        Reply::Text(json!({ "access_token": "x" }).to_string()),
        Reply::Status(500),
    ];
    for reply in spoil.iter().cycle().take(12) {
        site.provider.script().token_reply = reply.clone();
        let answer = site.sign_in().await;
        assert!([401, 503].contains(&answer.status), "{answer:?}");
    }
    site.provider.script().token_reply = Reply::Normal;
    for claims in [json!({ "aud": "another" }), json!({ "nonce": "x" }), json!({ "sub": null })] {
        for _ in 0..4 {
            site.sign_in_as(claims.clone()).await.expect(401, "provider_answer_invalid");
        }
    }
    site.server.log_in("ada").await;
    site.sign_in_as(json!({})).await.expect(200, "");
}

#[tokio::test]
async fn a_callback_that_no_flow_belongs_to_costs_no_request_to_redis() {
    let redis = Redis::start();
    let site = OidcSite::with(&[("REDIS_URL", &redis.url())]).await;
    site.sign_in().await.expect(200, "");
    let before = redis.script_calls().await;
    for cookie in ["", "oidc-hostile-x=x"] {
        site.browser().call_back(cookie, &[("state", "x")]).await.expect(400, "state_invalid");
    }
    assert_eq!(redis.script_calls().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_callbacks_do_not_multiply_the_load_of_redis() {
    let redis = Redis::start();
    let site = OidcSite::with(&[THREE, ("REDIS_URL", &redis.url())]).await;
    let before = redis.script_calls().await;
    // Three are in progress until the provider has timed out; the others wait for them.
    site.provider.script().token_reply = Reply::Slow;
    let browser = site.browser();
    let flows = join_all((0..60).map(|_| browser.begin())).await;
    let answers = join_all(flows.iter().map(|flow| site.finish(&browser, flow))).await;
    let waited = answers.iter().filter(|answer| answer.status == 429).count();
    assert!(waited > 40, "{waited}");
    // The first of those that wait asks ten times a second.
    let calls = redis.script_calls().await - before;
    assert!(calls < 400, "{calls}");
}
