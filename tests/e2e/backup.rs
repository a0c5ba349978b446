//! What is true again after an older state was restored, as `docs/OPERATIONS.md` says.

use std::process::Command;

use serde_json::{Value, json};
use tests::program::AUTH_SERVER;
use tests::{Caller, Database, NEW_PASSWORD, PASSWORD};

use crate::{guest, settings, with};

fn run(program: &str, arguments: &[&str]) {
    let ran = Command::new(program).args(arguments).output().unwrap();
    assert!(ran.status.success(), "{program}: {}", String::from_utf8_lossy(&ran.stderr));
}

/// A user, and the answer to the registration.
async fn register(guest: &Caller, login: &str) -> (Caller, Value) {
    let form = json!({ "login": login, "password": PASSWORD });
    let made = guest.post("auth/register", &form).await.expect(201, "").json();
    let token = made.get("access_token").and_then(Value::as_str).unwrap();
    (guest.with_token(token), made)
}

fn refresh_token(pair: &Value) -> &str {
    pair.get("refresh_token").and_then(Value::as_str).unwrap()
}

#[tokio::test]
async fn an_older_state_is_restored_as_a_whole() {
    let (database, restored) = (Database::migrated().await, Database::empty().await);
    let before = settings(&database);
    let command = |arguments: &[&str]| {
        let ran = AUTH_SERVER.run(arguments, &before, PASSWORD);
        assert_eq!(ran.status, Some(0), "{ran:?}");
        ran.stdout
    };
    command(&["superuser", "create", "root"]);
    let mut server = AUTH_SERVER.serve(&before);
    let guest = guest(&mut server);
    let (_, kept) = register(&guest, "kept").await;
    let (left, ended) = register(&guest, "left").await;
    let (_, refreshed) = register(&guest, "refreshed").await;
    let (changed, _) = register(&guest, "changed").await;
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("auth.dump");
    let dump = dump.to_str().unwrap();
    run("pg_dump", &["--format=custom", &format!("--file={dump}"), &database.url]);

    // What is lost.
    left.post_empty("auth/logout").await.expect(204, "");
    guest.refresh(refresh_token(&ended)).await.expect(401, "refresh_token_invalid");
    let newer = guest.refresh(refresh_token(&refreshed)).await.ok();
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    changed.put("me/password", &change).await.expect(204, "");
    let (_, late) = register(&guest, "late").await;
    let keys = command(&["keys", "list"]);
    let kid = keys.split_whitespace().next().unwrap();
    command(&["keys", "revoke", kid]);
    command(&["user", "disable", "kept"]);
    drop(server);

    let to = format!("--dbname={}", restored.url);
    run("pg_restore", &["--no-owner", "--no-privileges", "--exit-on-error", &to, dump]);
    let after = with(&before, "DATABASE_URL", &restored.url);
    let mut server = AUTH_SERVER.serve(&after);
    let guest = guest.at(&server.url("api"));
    guest.refresh(refresh_token(&kept)).await.expect(200, "");
    guest.refresh(refresh_token(&ended)).await.expect(200, "");
    guest.refresh(refresh_token(&newer)).await.expect(401, "refresh_token_invalid");
    guest.refresh(refresh_token(&late)).await.expect(401, "refresh_token_invalid");
    guest.log_in("late", PASSWORD).await.expect(401, "credentials_invalid");
    guest.log_in("changed", NEW_PASSWORD).await.expect(401, "credentials_invalid");
    guest.log_in("changed", PASSWORD).await.expect(200, "");
    let ran = AUTH_SERVER.run(&["keys", "list"], &after, "");
    assert_eq!(ran.stdout, keys, "a revoked key is in use again");
}
