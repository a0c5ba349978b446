//! A sign-in belongs to the browser that started it, and can be finished once.

use chrono::TimeDelta;
use futures::future::join_all;
use reqwest::{Method, Url};
use tests::current_password;
use tests::oidc::{Browser, OidcSite};

#[tokio::test]
async fn a_sign_in_starts_with_state_nonce_pkce_and_a_flow_cookie() {
    let site = OidcSite::start().await;
    let browser = site.browser();
    let answer = browser.start().await.expect(303, "");
    assert_eq!(answer.header("cache-control"), "no-store");
    let flow = browser.begin().await;
    assert_eq!(flow.parameter("scope"), "openid email profile");
    let callback = "http://127.0.0.1:8080/api/v1/auth/oidc/hostile/callback";
    assert_eq!(flow.parameter("redirect_uri"), callback);
    let another = browser.begin().await;
    for name in ["state", "nonce", "code_challenge"] {
        assert!(flow.parameter(name).len() >= 22, "{}", flow.authorization_url);
        assert_ne!(flow.parameter(name), another.parameter(name));
        // The cookie does not reveal its contents.
        let (cookie, value) = flow.cookie.split_once('=').unwrap();
        assert!(!value.contains(&flow.parameter(name)));
        assert_eq!(cookie, format!("oidc-hostile-{}", flow.parameter("state")));
    }
    let (_, attributes) = flow.set_cookie.split_once("; ").unwrap();
    let path = "Path=/api/v1/auth/oidc/hostile";
    assert_eq!(attributes, format!("{path}; Max-Age=600; HttpOnly; SameSite=Lax"));
}

#[tokio::test]
async fn behind_https_the_cookie_is_secure_and_has_the_external_path() {
    let site = OidcSite::with(&[("AUTH_ISSUER", "https://films.example/auth")]).await;
    let flow = site.browser().begin().await;
    let callback = "https://films.example/auth/api/v1/auth/oidc/hostile/callback";
    assert_eq!(flow.parameter("redirect_uri"), callback);
    assert!(flow.set_cookie.contains("; Path=/auth/api/v1/auth/oidc/hostile; "), "{flow:?}");
    assert!(flow.set_cookie.ends_with("; HttpOnly; SameSite=Lax; Secure"), "{flow:?}");
}

#[tokio::test]
async fn a_browser_cannot_finish_a_sign_in_that_another_browser_started() {
    let site = OidcSite::start().await;
    let browser = site.browser();
    let (own, other) = (browser.begin().await, browser.begin().await);
    let code = site.provider.authorize(&own.authorization_url);
    let brought = [("code", code.as_str()), ("state", &own.parameter("state"))];
    let (head, tail) = own.cookie.split_at(60);
    let other_letter = if tail.starts_with('A') { "B" } else { "A" };
    let changed = format!("{head}{other_letter}{}", &tail[1..]);
    let at_other = own.cookie.replace("oidc-hostile", "oidc-other");
    let (name, theirs) =
        (own.cookie.split_once('=').unwrap().0, other.cookie.split_once('=').unwrap().1);
    let [empty, nonsense, swapped] = ["", "x", theirs].map(|value| format!("{name}={value}"));
    for cookie in ["", &empty, &nonsense, &other.cookie, &swapped, &changed, &at_other] {
        let answer = browser.call_back(cookie, &brought).await;
        answer.expect(400, "state_invalid");
    }
    for brought in [&[("code", code.as_str()), ("state", "x")][..], &brought[..1], &[]] {
        browser.call_back(&own.cookie, brought).await.expect(400, "state_invalid");
    }
    // A flow started at another provider does not count either.
    let elsewhere = Browser { provider: "other".into(), ..site.browser() };
    elsewhere.call_back(&at_other, &brought).await.expect(400, "state_invalid");
    assert_eq!(site.provider.requests_to("/token"), 0);
    // None of these attempts has consumed the flow.
    let answer = browser.call_back(&own.cookie, &brought).await.expect(200, "");
    let path = "Path=/api/v1/auth/oidc/hostile";
    let gone = format!("{name}=; {path}; Max-Age=0; HttpOnly; SameSite=Lax");
    assert_eq!(answer.header("set-cookie"), gone);
}

#[tokio::test]
async fn a_sign_in_can_be_finished_once_even_if_it_failed() {
    let site = OidcSite::start().await;
    let browser = site.browser();
    let flow = browser.begin().await;
    site.finish(&browser, &flow).await.expect(200, "");
    site.finish(&browser, &flow).await.expect(400, "state_invalid");
    let flow = browser.begin().await;
    let state = flow.parameter("state");
    let refused = [("error", "server_error"), ("state", &*state)];
    let answer = browser.call_back(&flow.cookie, &refused).await.expect(403, "provider_refused");
    assert!(!answer.text.contains("server_error"));
    site.finish(&browser, &flow).await.expect(400, "state_invalid");
    // A replica knows that the flow is consumed.
    let flow = browser.begin().await;
    site.finish(&browser, &flow).await.expect(200, "");
    let other = site.server.replica(&[]).await;
    let there = Browser { guest: browser.guest.at(&other.url), ..browser };
    site.finish(&there, &flow).await.expect(400, "state_invalid");
}

#[tokio::test]
async fn two_tabs_both_finish() {
    let site = OidcSite::start().await;
    let browser = site.browser();
    let (first, second) = (browser.begin().await, browser.begin().await);
    let both = format!("{}; {}", first.cookie, second.cookie);
    for flow in [&second, &first] {
        let code = site.provider.authorize(&flow.authorization_url);
        let brought = [("code", code.as_str()), ("state", &flow.parameter("state"))];
        let answer = browser.call_back(&both, &brought).await.expect(200, "");
        let name = flow.cookie.split_once('=').unwrap().0;
        assert!(answer.header("set-cookie").starts_with(&format!("{name}=; ")), "{answer:?}");
    }
}

#[tokio::test]
async fn a_browser_keeps_five_flows_and_the_oldest_end() {
    let site = OidcSite::start().await;
    let browser = site.browser();
    let start = async |cookies: &[String]| {
        let request = browser.guest.request(Method::GET, "auth/oidc/hostile/start");
        browser.guest.send(request.header("cookie", cookies.join("; "))).await.expect(303, "")
    };
    let mut cookies = vec!["unrelated=1".to_owned(), "oidc-hostile-x=unreadable".to_owned()];
    for number in 1..=7 {
        let answer = start(&cookies).await;
        let (set, gone) = (answer.headers("set-cookie")[0], &answer.headers("set-cookie")[1..]);
        // First the unreadable one, then one by one.
        assert_eq!(gone.len(), usize::from(number > 4), "{number}: {gone:?}");
        for gone in gone {
            let (name, rest) = gone.split_once('=').unwrap();
            assert!(rest.starts_with(';') && rest.contains("Max-Age=0"), "{gone}");
            let oldest = cookies.remove(1);
            assert!(oldest.starts_with(&format!("{name}=")), "{oldest} {gone}");
        }
        cookies.push(set.split(';').next().unwrap().to_owned());
        site.server.clock.advance(TimeDelta::seconds(1));
    }
    assert_eq!(cookies.len(), 6);
}

#[tokio::test]
async fn a_front_end_of_a_configured_origin_finishes_with_credentials() {
    let origin = "https://films.example";
    let site = OidcSite::with(&[("AUTH_CORS_ORIGINS", origin)]).await;
    let browser = site.browser();
    let flow = browser.begin().await;
    let code = site.provider.authorize(&flow.authorization_url);
    let request = browser.guest.request(Method::GET, "auth/oidc/hostile/callback");
    let request = request.query(&[("code", &code), ("state", &flow.parameter("state"))]);
    let request = request.header("cookie", &flow.cookie).header("origin", origin);
    let answer = browser.guest.send(request).await.expect(200, "");
    assert_eq!(answer.header("access-control-allow-origin"), origin);
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    let request = browser.guest.request(Method::GET, "auth/oidc/hostile/callback");
    let answer = browser.guest.send(request.header("origin", "https://else.example")).await;
    assert_eq!(answer.header("access-control-allow-credentials"), "");
}

#[tokio::test]
async fn a_sign_in_expires_after_ten_minutes() {
    let site = OidcSite::start().await;
    let browser = site.browser();
    let (first, second) = (browser.begin().await, browser.begin().await);
    site.server.clock.advance(TimeDelta::seconds(590));
    site.finish(&browser, &first).await.expect(200, "");
    site.server.clock.advance(TimeDelta::seconds(11));
    site.finish(&browser, &second).await.expect(400, "state_invalid");
    // Consumed flows are forgotten once they have expired by every clock.
    let kept = "SELECT count(*) FROM consumed_oidc_flows";
    assert_eq!(site.server.database.count(kept).await, 1);
    site.server.clock.advance(TimeDelta::minutes(2));
    let _sweeps = site.server.replica_with_clock(site.server.clock.clone(), &[]).await;
    let is_forgotten = async || site.server.database.count(kept).await == 0;
    tests::until("forgotten", is_forgotten).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_callbacks_of_one_sign_in_one_succeeds() {
    let site = OidcSite::start().await;
    let browser = site.browser();
    let flow = browser.begin().await;
    let (code, state) = (site.provider.authorize(&flow.authorization_url), flow.parameter("state"));
    let brought = [("code", code.as_str()), ("state", &state)];
    let answers = join_all((0..20).map(|_| browser.call_back(&flow.cookie, &brought))).await;
    let succeeded = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(succeeded, 1, "{answers:#?}");
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.expect(400, "state_invalid");
    }
    assert_eq!(site.provider.requests_to("/token"), 1);
}

#[tokio::test]
async fn a_code_from_another_sign_in_is_rejected() {
    let site = OidcSite::start().await;
    let browser = site.browser();
    let (own, other) = (browser.begin().await, browser.begin().await);
    // PKCE binds a code to the flow that it was issued for.
    let code = site.provider.authorize(&other.authorization_url);
    let brought = [("code", code.as_str()), ("state", &own.parameter("state"))];
    let answer = browser.call_back(&own.cookie, &brought).await;
    answer.expect(401, "provider_answer_invalid");
}

#[tokio::test]
async fn invalid_codes_are_throttled_by_client_address() {
    let site = OidcSite::with(&[("AUTH_THROTTLE_ADDRESS_ATTEMPTS", "3")]).await;
    let browser = site.browser();
    let nonsense = async || {
        let flow = browser.begin().await;
        let brought = [("code", "x"), ("state", &*flow.parameter("state"))];
        browser.call_back(&flow.cookie, &brought).await
    };
    for _ in 0..3 {
        nonsense().await.expect(401, "provider_answer_invalid");
    }
    let answer = nonsense().await.expect(429, "too_many_attempts");
    assert!(answer.header("ratelimit-policy").starts_with("\"address\";q=3"), "{answer:?}");
    // Starting a sign-in is not throttled.
    browser.begin().await;
}

#[tokio::test]
async fn callbacks_without_a_cookie_do_not_count_as_failed_attempts() {
    let site = OidcSite::with(&[("AUTH_THROTTLE_ADDRESS_ATTEMPTS", "3")]).await;
    site.server.register("ada").await;
    for _ in 0..10 {
        site.browser().call_back("", &[("state", "x")]).await.expect(400, "state_invalid");
    }
    site.server.log_in("ada").await;
    site.sign_in().await.expect(200, "");
}

#[tokio::test]
async fn an_unknown_provider_is_not_found() {
    let site = OidcSite::start().await;
    let browser = Browser { provider: "nobody".into(), ..site.browser() };
    browser.start().await.expect(404, "provider_not_found");
    browser.call_back("", &[]).await.expect(404, "provider_not_found");
    let user = site.server.register("ada").await;
    let (answer, _) = browser.begin_link(&user, &current_password()).await;
    answer.expect(404, "provider_not_found");
    for path in ["auth/oidc/a%00/start", "auth/oidc/hostile/callback?code=%00"] {
        site.server.guest().get(path).await.expect(422, "field_invalid");
    }
}

#[tokio::test]
async fn the_front_end_can_list_the_providers() {
    let site = OidcSite::start().await;
    let list = site.server.guest().get("auth/oidc").await.ok();
    let names: Vec<_> = list["items"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["hostile", "other"]);
    let item = &list["items"][0];
    assert_eq!(item["title"], "hostile");
    assert_eq!(item["start"], "/api/v1/auth/oidc/hostile/start");
    assert!(!list.to_string().contains("secret"), "{list}");
    let page = Url::parse(&site.server.url).unwrap().join(item["start"].as_str().unwrap());
    site.server.guest().get(page.unwrap().path()).await.expect(303, "");
}

#[tokio::test]
async fn a_program_that_only_looks_at_the_callback_does_not_spend_the_sign_in() {
    let site = OidcSite::start().await;
    let browser = site.browser();
    let flow = browser.begin().await;
    let code = site.provider.authorize(&flow.authorization_url);
    let state = flow.parameter("state");
    let query = format!("code={code}&state={state}&iss_of_another_kind=x");
    let path = format!("/api/v1/auth/oidc/hostile/callback?{query}");
    let head = reqwest::Client::new().head(format!("{}{path}", site.server.url));
    let response = head.header("cookie", &flow.cookie).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["allow"]),
        (405, &"GET".parse().unwrap())
    );
    let brought = [("code", code.as_str()), ("state", &state), ("more", "x")];
    browser.call_back(&flow.cookie, &brought).await.ok();
}
