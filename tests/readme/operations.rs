//! The page for operators: its commands are run, and the server that they restored is used.

use serde_json::json;
use tests::program::AUTH_SERVER;
use tests::{Caller, Database, PASSWORD, setting};

use crate::shell::Shell;

#[tokio::test]
async fn the_commands_for_operators_work_as_written() {
    let (database, restored) = (Database::empty().await, Database::empty().await);
    let (secret, redis) = (database.secret_text(), setting("REDIS_URL"));
    let common = [
        ("REDIS_URL", redis.as_str()),
        ("AUTH_LISTEN", "127.0.0.1:0"),
        ("AUTH_OPS_LISTEN", "127.0.0.1:0"),
    ];
    let settings = [&common[..], &[("DATABASE_URL", &database.url), ("AUTH_SECRET", &secret)]];
    let settings = settings.concat();
    assert_eq!(AUTH_SERVER.run(&["migrate"], &settings, "").status, Some(0));
    // Backups are made while it serves.
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = Caller::guest(reqwest::Client::new(), &server.url("api"));
    let form = json!({ "login": "grace", "password": PASSWORD });
    let grace = guest.post("auth/register", &form).await.expect(201, "").json();

    let shell = Shell::new(&common)
        .placeholder("postgres://auth:password@127.0.0.1/auth", &database.url)
        .placeholder("postgres://auth:password@127.0.0.1/restored", &restored.url)
        .secret("auth-server.secret", &secret)
        .input(&format!("{PASSWORD}\n"));
    let calls = shell.run("docs/OPERATIONS.md");
    assert!(calls.iter().all(|call| call.starts_with("dev bench ")), "{calls:?}");

    let new_secret = shell.written("auth-server.secret");
    assert_ne!(new_secret.trim(), secret);
    let settings = [&common[..], &[("DATABASE_URL", &restored.url), ("AUTH_SECRET", &new_secret)]];
    let mut server = AUTH_SERVER.serve(&settings.concat());
    let guest = guest.at(&server.url("api"));
    let refresh_token = grace["refresh_token"].as_str().unwrap();
    guest.refresh(refresh_token).await.expect(401, "refresh_token_invalid");
    guest.log_in("grace", PASSWORD).await.expect(200, "");
    let ada = guest.log_in("ada", PASSWORD).await.ok();
    let ada = guest.with_token(ada["access_token"].as_str().unwrap());
    ada.get("rules").await.expect(200, "");
}
