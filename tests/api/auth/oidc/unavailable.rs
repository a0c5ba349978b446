//! Providers that are unavailable, slow or oversized, and keys that rotate.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::json;
use tests::oidc::{OidcSite, Reply};

#[tokio::test]
async fn an_invalid_provider_is_unavailable_and_retried_after_five_seconds() {
    let site = OidcSite::start().await;
    let browser = site.browser();
    let metadata = "/.well-known/openid-configuration";
    let bad = [
        Reply::Status(500),
        Reply::Status(404),
        Reply::Status(200),
        Reply::Text("{}".into()),
        Reply::Redirect(format!("{}{metadata}", site.other.url)),
        Reply::Huge,
    ];
    for (number, page) in bad.iter().enumerate() {
        site.provider.script().metadata_reply = page.clone();
        let answer = browser.start().await.expect(503, "provider_unavailable");
        assert_eq!(answer.header("retry-after"), "5", "{page:?}");
        // The next request does not retry at once.
        browser.start().await.expect(503, "provider_unavailable");
        assert_eq!(site.provider.requests_to(metadata), number + 1, "{page:?}");
        site.server.clock.advance(TimeDelta::seconds(5));
    }
    site.provider.script().metadata_reply = Reply::Normal;
    for page in &bad[..3] {
        site.provider.script().jwks_reply = page.clone();
        browser.start().await.expect(503, "provider_unavailable");
        site.server.clock.advance(TimeDelta::seconds(5));
    }
    assert_eq!(site.other.requests_to(metadata), 0);
    site.provider.script().jwks_reply = Reply::Normal;
    browser.begin().await;
}

#[tokio::test]
async fn metadata_of_another_issuer_or_without_https_is_rejected() {
    let site = OidcSite::start().await;
    for metadata in [
        json!({ "issuer": site.other.url }),
        json!({ "issuer": format!("{}/", site.provider.url) }),
        json!({ "jwks_uri": "http://192.0.2.1/keys" }),
        json!({ "jwks_uri": "file:///etc/passwd" }),
        json!({ "authorization_endpoint": "http://accounts.example/authorize" }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
    ] {
        site.provider.script().metadata = metadata.clone();
        let answer = site.browser().start().await;
        assert_eq!(answer.code(), "provider_unavailable", "{metadata}");
        site.server.clock.advance(TimeDelta::seconds(5));
    }
    // The client secret is not sent in the clear either.
    site.provider.script().metadata = json!({ "token_endpoint": "http://192.0.2.1/token" });
    site.sign_in().await.expect(503, "provider_unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_provider_times_out_without_delaying_other_requests() {
    let site = OidcSite::start().await;
    site.provider.script().jwks_reply = Reply::Slow;
    let (browser, started) = (site.browser(), Instant::now());
    let waiting = join_all((0..10).map(|_| browser.start()));
    let others = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let asked = Instant::now();
        site.server.register("ada").await;
        assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    };
    let (answers, ()) = futures::join!(waiting, others);
    for answer in answers {
        answer.expect(503, "provider_unavailable");
    }
    let waited = started.elapsed();
    assert!((4..9).contains(&waited.as_secs()), "{waited:?}");
    assert_eq!(site.provider.requests_to("/keys"), 1);
}

#[tokio::test]
async fn a_sign_in_can_be_finished_after_the_token_endpoint_was_unavailable() {
    let site = OidcSite::start().await;
    let browser = site.browser();
    let flow = browser.begin().await;
    for page in [Reply::Status(500), Reply::Status(429), Reply::Huge, Reply::Slow] {
        site.provider.script().token_reply = page;
        let answer = site.sign_in().await.expect(503, "provider_unavailable");
        // Its flow was consumed.
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.ends_with("start it again."), "{detail}");
    }
    site.provider.script().token_reply = Reply::Normal;
    site.finish(&browser, &flow).await.expect(200, "");
}

#[tokio::test]
async fn cached_metadata_is_used_for_a_day_while_the_provider_is_unavailable() {
    let site = OidcSite::start().await;
    site.sign_in().await.expect(200, "");
    site.provider.script().metadata_reply = Reply::Status(500);
    site.server.clock.advance(TimeDelta::hours(23));
    site.sign_in().await.expect(200, "");
    site.server.clock.advance(TimeDelta::hours(2));
    site.browser().start().await.expect(503, "provider_unavailable");
}

#[tokio::test]
async fn unknown_keys_trigger_a_key_fetch_at_most_every_thirty_seconds() {
    let site = OidcSite::start().await;
    site.sign_in().await.expect(200, "");
    assert_eq!(site.provider.requests_to("/keys"), 1);
    site.server.clock.advance(TimeDelta::seconds(30));
    {
        let mut script = site.provider.script();
        (script.key, script.published) = (2, vec![1, 2]);
    }
    site.sign_in().await.expect(200, "");
    assert_eq!(site.provider.requests_to("/keys"), 2);
    // From here on the provider signs with an unpublished key.
    site.provider.script().key = 3;
    for _ in 0..5 {
        site.sign_in().await.expect(401, "provider_answer_invalid");
    }
    assert_eq!(site.provider.requests_to("/keys"), 2);
    site.server.clock.advance(TimeDelta::seconds(30));
    let answers = join_all((0..10).map(|_| site.sign_in())).await;
    assert!(answers.iter().all(|answer| answer.status == 401), "{answers:#?}");
    assert_eq!(site.provider.requests_to("/keys"), 3);
    // A withdrawn key is rejected once the keys have been fetched again.
    {
        let mut script = site.provider.script();
        (script.key, script.published) = (1, vec![2]);
    }
    site.server.clock.advance(TimeDelta::hours(1));
    site.sign_in().await.expect(401, "provider_answer_invalid");
}

#[tokio::test]
async fn a_new_key_is_fetched_at_the_first_sign_in_and_under_an_old_id() {
    let site = OidcSite::start().await;
    // The provider makes its key when it first signs, after its keys were fetched.
    let browser = site.browser();
    let flow = browser.begin().await;
    {
        let mut script = site.provider.script();
        (script.key, script.published) = (2, vec![1, 2]);
    }
    site.finish(&browser, &flow).await.expect(200, "");
    site.server.clock.advance(TimeDelta::seconds(30));
    site.provider.script().same_kid = true;
    site.sign_in().await.expect(200, "");
    site.provider.script().key = 3;
    site.sign_in().await.expect(401, "provider_answer_invalid");
    site.provider.script().published = vec![3];
    site.sign_in().await.expect(401, "provider_answer_invalid");
    site.server.clock.advance(TimeDelta::seconds(30));
    site.sign_in().await.expect(200, "");
    assert_eq!(site.provider.requests_to("/keys"), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_sign_ins_with_a_new_key_share_one_fetch() {
    let site = OidcSite::start().await;
    site.sign_in().await.expect(200, "");
    site.server.clock.advance(TimeDelta::seconds(30));
    {
        let mut script = site.provider.script();
        (script.key, script.published) = (2, vec![2]);
    }
    for answer in join_all((0..10).map(|_| site.sign_in())).await {
        answer.expect(200, "");
    }
    assert_eq!(site.provider.requests_to("/keys"), 2);
}

#[tokio::test]
async fn a_failed_key_fetch_keeps_the_known_keys() {
    let site = OidcSite::start().await;
    site.sign_in().await.expect(200, "");
    site.server.clock.advance(TimeDelta::seconds(30));
    {
        let mut script = site.provider.script();
        (script.key, script.jwks_reply) = (2, Reply::Status(500));
    }
    site.sign_in().await.expect(401, "provider_answer_invalid");
    site.provider.script().key = 1;
    site.sign_in().await.expect(200, "");
}

#[tokio::test]
async fn a_callback_without_the_database_is_unavailable() {
    let site = OidcSite::start().await;
    let browser = site.browser();
    let flow = browser.begin().await;
    site.server.database.refuse_connections().await;
    site.finish(&browser, &flow).await.expect(503, "database_unavailable");
    browser.begin().await;
    site.server.database.accept_connections().await;
}
