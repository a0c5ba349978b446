//! The server's log.

use serde_json::json;
use tests::program::AUTH_SERVER;
use tests::{Database, NEW_PASSWORD, PASSWORD, free_address, setting};

use crate::{guest, settings, with};

/// The password in a URL.
fn password_of(url: &str) -> Option<String> {
    let authority = url.split_once("://")?.1.rsplit_once('@')?.0;
    Some(authority.split_once(':')?.1.to_owned()).filter(|password| !password.is_empty())
}

#[tokio::test]
async fn no_secret_is_logged_even_at_level_trace() {
    let database = Database::migrated().await;
    let loud = with(&settings(&database), "AUTH_LOG", "trace");
    let mut server = AUTH_SERVER.serve(&loud);
    let guest = guest(&mut server);
    let account = json!({ "login": "ada", "password": PASSWORD });
    let made = guest.post("auth/register", &account).await.ok();
    let new = NEW_PASSWORD;
    let tokens = [&made["access_token"], &made["refresh_token"]].map(|t| t.as_str().unwrap());
    let user = guest.with_token(tokens[0]);
    guest.post("auth/login", &json!({ "login": "ada", "password": "wrong-password" })).await;
    guest.post("auth/login", &json!({ "login": "ada", "password": 7, "x": PASSWORD })).await;
    let next = guest.post("auth/refresh", &json!({ "refresh_token": tokens[1] })).await.ok();
    user.put("me/password", &json!({ "current_password": PASSWORD, "new_password": new })).await;
    user.put("me/login", &json!({ "current_password": new, "login": "grace" })).await.ok();
    let wrong = json!({ "current_password": "wrong-password" });
    user.delete_with("me", &wrong).await;
    user.get("me/sessions").await.ok();
    guest.with_token("eyJub3QiOiJhIHRva2VuIn0.e30.c2VjcmV0").get("me").await;
    user.get("users?login=sensitive-search").await;
    user.post_empty("auth/logout/others").await.ok();
    user.log_out().await;
    // An old token: its reuse is logged, the token is not.
    guest.post("auth/refresh", &json!({ "refresh_token": tokens[1] })).await;
    let client = AUTH_SERVER.run(&["client", "create", "films", "--scope", "filter"], &loud, "");
    let line = |name: &str| client.stdout.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let (id, client_secret) = (line("client_id="), line("client_secret="));
    let filter = guest.request(reqwest::Method::POST, "filter").basic_auth(id, Some(client_secret));
    let filter = filter.json(&json!({ "action": "read", "type": "film" }));
    let filter = filter.header("x-subject-token", next["access_token"].as_str().unwrap());
    guest.send(filter).await.expect(401, "token_revoked");
    server.signal("TERM");
    server.wait();
    let log = server.log().join("\n");
    assert!(log.contains("listening") && log.contains("stopped"), "{log}");
    let services = [setting("DATABASE_URL"), setting("REDIS_URL")];
    let passwords = services.iter().filter_map(|url| password_of(url));
    let secret = database.secret_text();
    let secrets =
        [PASSWORD, new, "wrong-password", &*secret, "c2VjcmV0", "sensitive-search", client_secret];
    let pairs = [&next["access_token"], &next["refresh_token"]].map(|t| t.as_str().unwrap());
    let all = secrets.iter().chain(&tokens).chain(&pairs).map(|secret| (*secret).to_owned());
    for secret in all.chain(passwords) {
        let line = log.lines().find(|line| line.contains(&secret));
        assert!(line.is_none(), "{secret}: {line:?}");
    }
    for hash in ["$argon2", "PRIVATE"] {
        assert!(!log.contains(hash), "{hash}");
    }
}

#[tokio::test]
async fn without_redis_the_log_warns_that_only_a_single_server_is_supported() {
    let database = Database::migrated().await;
    let mut server = AUTH_SERVER.serve(&with(&settings(&database), "REDIS_URL", ""));
    guest(&mut server).get("/health/ready").await.expect(200, "");
    let said = server.events().iter().any(|event| {
        let message = event["message"].as_str().unwrap_or_default();
        event["level"] == "WARN" && message.contains("REDIS_URL") && message.contains("single")
    });
    assert!(said, "{:#?}", server.log());
}

#[tokio::test]
async fn every_log_line_about_a_request_has_its_id() {
    let database = Database::migrated().await;
    for (format, needle) in
        [("json", "\"request_id\":\"order-66\""), ("text", "request_id=order-66")]
    {
        let settings = with(&settings(&database), "AUTH_LOG_FORMAT", format);
        let settings = with(&settings, "AUTH_LISTEN", &free_address());
        let mut server = AUTH_SERVER.serve(&settings);
        let address = &settings.iter().find(|(name, _)| name == "AUTH_LISTEN").unwrap().1;
        let request = || {
            let request = reqwest::Client::new().get(format!("http://{address}/api/v1/me"));
            request.header("x-request-id", "order-66").send()
        };
        let started = std::time::Instant::now();
        while request().await.is_err() {
            assert!(started.elapsed().as_secs() < 30, "{:?}", server.log());
        }
        server.signal("TERM");
        server.wait();
        let lines: Vec<String> =
            server.log().into_iter().filter(|line| line.contains("order-66")).collect();
        assert!(!lines.is_empty() && lines.iter().all(|line| line.contains(needle)), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("token_missing")), "{lines:?}");
    }
}
