//! Sign-in through a provider, at a server in a process of its own.

use auth_server::clock::Clock;
use reqwest::{Client, redirect};
use serde_json::json;
use tests::oidc::{Browser, CLIENT_SECRET, HostileProvider, Reply};
use tests::program::AUTH_SERVER;
use tests::{Answer, Caller, Database, PASSWORD};

use crate::{settings, with};

async fn finish(provider: &HostileProvider, browser: &Browser) -> (Answer, [String; 3]) {
    let flow = browser.begin().await;
    let (code, state) = (provider.authorize(&flow.authorization_url), flow.parameter("state"));
    let answer = browser.call_back(&flow.cookie, &[("code", &code), ("state", &state)]).await;
    let cookie = flow.cookie.split_once('=').unwrap().1.to_owned();
    (answer, [code, state, cookie])
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_from_a_provider_is_logged_even_at_level_trace() {
    let (database, provider) =
        (Database::migrated().await, HostileProvider::start(Clock::default()).await);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("providers.toml");
    let text = format!(
        "[[oidc.provider]]\nname = \"hostile\"\nissuer = \"{}\"\nclient_id = \"films\"\n\
         client_secret_env = \"FILMS_SECRET\"\n",
        provider.url
    );
    std::fs::write(&file, text).unwrap();
    let loud = with(&settings(&database), "AUTH_LOG", "trace");
    let loud = with(&loud, "AUTH_CONFIG", file.to_str().unwrap());
    let mut server = AUTH_SERVER.serve(&with(&loud, "FILMS_SECRET", CLIENT_SECRET));
    let stays = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    let guest = Caller::guest(stays, &server.url("api"));
    let browser = Browser { guest, provider: "hostile".into(), posts: false };
    let (answer, secrets) = finish(&provider, &browser).await;
    let pair = answer.expect(200, "").json();
    // A rejected ID token is logged without its contents.
    let claims =
        json!({ "sub": "x", "nonce": "nonce-of-another-user", "aud": "audience-of-another-user" });
    provider.script().claims = claims;
    let (answer, more) = finish(&provider, &browser).await;
    answer.expect(401, "provider_answer_invalid");
    // An OAuth error code is logged if it is one.
    for error in ["invalid_client", "text-of-another-user"] {
        let refusal = Reply::Text(json!({ "error": error }).to_string());
        provider.script().token_reply = refusal;
        finish(&provider, &browser).await.0.expect(401, "provider_answer_invalid");
    }
    server.signal("TERM");
    server.wait();
    let log = server.log().join("\n");
    assert!(log.contains("invalid answer of an identity provider"), "{log}");
    for named in ["\"claim\":\"aud\"", "\"error\":\"invalid_client\"", "\"error\":\"unreadable\""] {
        assert!(log.contains(named), "{named}: {log}");
    }
    let pair = [&pair["access_token"], &pair["refresh_token"]].map(|t| t.as_str().unwrap());
    let mut all = vec!["access-token-of-the-provider", CLIENT_SECRET, PASSWORD, "ada@example.com"];
    all.extend(["-of-another-user", "subject-1"]);
    all.extend(pair);
    let tokens = provider.tokens();
    all.extend(tokens.iter().map(|token| token.rsplit('.').next().unwrap()));
    all.extend(secrets.iter().chain(&more).map(String::as_str));
    for secret in all {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret}: {line:?}");
    }
}
