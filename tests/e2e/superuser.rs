//! `auth-server superuser …`

use serde_json::json;
use tests::program::AUTH_SERVER;
use tests::{Database, PASSWORD};

use crate::{guest, settings};

const CREATE: [&str; 3] = ["superuser", "create", "root"];

#[tokio::test]
async fn a_superuser_is_created_with_the_password_from_standard_input() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = guest(&mut server);
    let ran = AUTH_SERVER.run(&CREATE, &settings, &format!("{PASSWORD}\nnot the password\n"));
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(!ran.stdout.contains(PASSWORD) && !ran.stderr.contains(PASSWORD), "{ran:?}");
    let tokens = guest.log_in("root", PASSWORD).await.ok();
    let root = guest.with_token(tokens["access_token"].as_str().unwrap());
    root.post("roles", &json!({ "name": "critic" })).await.expect(201, "");
    let ran = AUTH_SERVER.run(&["superuser", "list"], &settings, "");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("root"), "{ran:?}");
}

#[tokio::test]
async fn an_existing_account_becomes_superuser_only_with_promote() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = guest(&mut server);
    let body = json!({ "login": "Root", "password": PASSWORD });
    let made = guest.post("auth/register", &body).await.ok();
    let user = guest.with_token(made["access_token"].as_str().unwrap());
    let refused = AUTH_SERVER.run(&CREATE, &settings, PASSWORD);
    assert_ne!(refused.status, Some(0), "{refused:?}");
    assert!(refused.stderr.contains("--promote"), "{refused:?}");
    user.get("rules").await.expect(403, "forbidden");
    for _ in 0..2 {
        let ran = AUTH_SERVER.run(&["superuser", "create", "root", "--promote"], &settings, "");
        assert_eq!(ran.status, Some(0), "{ran:?}");
    }
    // The running server follows, and the existing token is enough.
    let started = std::time::Instant::now();
    while user.get("rules").await.status != 200 {
        assert!(started.elapsed() < std::time::Duration::from_secs(5));
    }
    guest.post("auth/login", &body).await.expect(200, "");
}

#[tokio::test]
async fn a_weak_or_missing_password_or_an_invalid_login_creates_no_account() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    for (login, password) in [("root", ""), ("root", "\n"), ("root", "password1"), ("x", PASSWORD)]
    {
        let ran = AUTH_SERVER.run(&["superuser", "create", login], &settings, password);
        assert!(ran.status.is_some_and(|code| code != 0), "{login} {password:?}: {ran:?}");
        assert!(!ran.stderr.is_empty(), "{ran:?}");
        assert!(password.trim().is_empty() || !ran.stderr.contains(password), "{ran:?}");
    }
    assert_eq!(database.count("SELECT count(*) FROM users").await, 0);
    let nobody = AUTH_SERVER.run(&["superuser", "create", "nobody", "--promote"], &settings, "");
    assert!(nobody.status != Some(0) && nobody.stderr.contains("nobody"), "{nobody:?}");
}
