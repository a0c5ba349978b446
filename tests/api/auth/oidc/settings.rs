//! The settings of providers: what is valid, and what stops the start.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use auth_server::app::Application;
use auth_server::clock::Clock;
use auth_server::config;
use serde_json::json;
use tests::oidc::{Browser, OidcSite};
use tests::{Database, setting};

/// The error of a server that starts with this file of providers; empty if it starts.
async fn start_error(database: &Database, text: &str, issuer: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "hunter2").unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let file = folder.path().join("providers.toml");
    fs::write(&file, text.replace("CLIENT_SECRET", secret.to_str().unwrap())).unwrap();
    let settings = [
        ("DATABASE_URL", database.url.as_str()),
        ("REDIS_URL", &setting("REDIS_URL")),
        ("AUTH_SECRET", &database.secret_text()),
        ("AUTH_LISTEN", "127.0.0.1:0"),
        ("AUTH_OPS_LISTEN", "127.0.0.1:0"),
        ("AUTH_ISSUER", issuer),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = match config::load(Some(&file), settings) {
        Ok(config) => config,
        Err(error) => return error.to_string(),
    };
    match Application::build(config, Clock::default()).await {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

const GOOD: &str = r#"
[[oidc.provider]]
name = "a"
issuer = "https://accounts.example"
client_id = "films"
client_secret_file = "CLIENT_SECRET"
"#;

#[tokio::test]
async fn an_invalid_provider_setting_stops_the_start_and_is_named() {
    let database = Database::migrated().await;
    let here = "http://127.0.0.1:8080";
    // An unavailable provider does not stop the start.
    assert_eq!(start_error(&database, GOOD, here).await, "");
    for (from, to, named) in [
        ("name = \"a\"", "name = \"A b\"", "provider `A b`: a name has"),
        ("name = \"a\"", "", "missing field `name`"),
        ("https://accounts", "http://accounts", "provider `a`: issuer `http://accounts.example`"),
        ("https://accounts.example", "accounts.example", "issuer `accounts.example`"),
        ("accounts.example", "accounts.example/?x=1", "without user"),
        ("accounts.example", "x:y@accounts.example", "without user"),
        ("\"films\"", "\"\"", "`client_id` must not be empty"),
        ("CLIENT_SECRET", "/nowhere", "/nowhere"),
        ("client_secret_file", "client_secret", "unknown field `client_secret`"),
        (
            "client_secret_file = \"CLIENT_SECRET\"",
            "client_secret_env = \"NOT_SET_17\"",
            "NOT_SET_17",
        ),
        ("client_id", "client_secret_env = \"X\"\nclient_id", "keep one of"),
        ("client_id", "algorithms = [\"HS256\"]\nclient_id", "`algorithms`"),
        ("client_id", "algorithms = [\"none\"]\nclient_id", "`algorithms`"),
        ("client_id", "algorithms = [\"RS257\"]\nclient_id", "RS257"),
        ("client_id", "algorithms = []\nclient_id", "`algorithms`"),
        ("client_id", "redirect_uri = \"http://films.example/\"\nclient_id", "redirect_uri"),
        ("client_id", "response_mode = \"fragment\"\nclient_id", "fragment"),
        ("[[oidc.provider]]", "[[oidc.providers]]", "providers"),
        ("[[oidc.provider]]", "[[oidc.provider", "line 2"),
    ] {
        let error = start_error(&database, &GOOD.replacen(from, to, 1), here).await;
        let place =
            ["oidc.provider: ", "providers.toml, line "].iter().any(|at| error.contains(at));
        assert!(place && error.contains(named), "{to}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let twice = start_error(&database, &format!("{GOOD}{GOOD}"), here).await;
    assert!(twice.contains("another provider has this name or issuer"), "{twice}");
    // Callbacks go to the external URL, which must use https.
    let error = start_error(&database, GOOD, "http://films.example").await;
    assert!(error.contains("AUTH_ISSUER"), "{error}");
}

#[tokio::test]
async fn every_provider_setting_takes_effect() {
    let site = OidcSite::start().await;
    let text = fs::read_to_string(&site.file).unwrap();
    let lines = "title = \"Another\"\nscopes = [\"openid\", \"email\", \"films\"]\n\
                 redirect_uri = \"https://films.example/in\"\nissuer =";
    fs::write(&site.file, text.replacen("issuer =", lines, 1)).unwrap();
    // A provider that expects the client secret in the form.
    site.provider.script().metadata =
        json!({ "token_endpoint_auth_methods_supported": ["client_secret_post"] });
    let server = site.server.replica(&[]).await;
    let list = server.guest().get("auth/oidc").await.ok();
    assert_eq!(list["items"][0]["title"], "Another");
    let browser = Browser { guest: server.guest(), ..site.browser() };
    let flow = browser.begin().await;
    assert_eq!(flow.parameter("scope"), "openid email films");
    assert_eq!(flow.parameter("redirect_uri"), "https://films.example/in");
    // The page at that URL forwards the parameters of the callback.
    site.finish(&browser, &flow).await.expect(200, "");
}

#[tokio::test]
async fn a_secret_in_the_wrong_place_is_not_printed() {
    let database = Database::migrated().await;
    let wrong =
        GOOD.replace("client_secret_file = \"CLIENT_SECRET\"", "client_secret = \"hunter2\"");
    let error = start_error(&database, &wrong, "http://127.0.0.1:8080").await;
    assert!(error.contains("line 6") && !error.contains("hunter2"), "{error}");
}
