//! `auth-server superuser …`

use serde_json::json;
use tests::program::{Program, run};
use tests::{Database, PASSWORD};

use crate::{guest, settings};

const CREATE: [&str; 3] = ["superuser", "create", "root"];

#[tokio::test]
async fn a_superuser_is_made_with_the_password_from_standard_input_and_may_do_everything() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    let mut server = Program::serve(&settings);
    let guest = guest(&mut server);
    let ran = run(&CREATE, &settings, &format!("{PASSWORD}\nnot the password\n"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!ran.output.contains(PASSWORD) && !ran.error.contains(PASSWORD), "{ran:?}");
    let body = json!({ "login": "root", "password": PASSWORD });
    let tokens = guest.post("auth/login", &body).await.ok();
    let root = guest.with_token(tokens["access_token"].as_str().unwrap());
    root.post("roles", &json!({ "name": "critic" })).await.expect(201, "");
    let ran = run(&["superuser", "list"], &settings, "");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.output.contains("root"), "{ran:?}");
}

#[tokio::test]
async fn an_account_that_exists_becomes_one_only_with_promote() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    let mut server = Program::serve(&settings);
    let guest = guest(&mut server);
    let body = json!({ "login": "Root", "password": PASSWORD });
    let made = guest.post("auth/register", &body).await.ok();
    let user = guest.with_token(made["access_token"].as_str().unwrap());
    let refused = run(&CREATE, &settings, PASSWORD);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert!(refused.error.contains("--promote"), "{refused:?}");
    user.get("rules").await.expect(403, "forbidden");
    for _ in 0..2 {
        let ran = run(&["superuser", "create", "root", "--promote"], &settings, "");
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    // The running server hears of it, and the token from before will do.
    let started = std::time::Instant::now();
    while user.get("rules").await.status != 200 {
        assert!(started.elapsed() < std::time::Duration::from_secs(5));
    }
    guest.post("auth/login", &body).await.expect(200, "");
}

#[tokio::test]
async fn a_weak_or_missing_password_or_a_broken_login_makes_nobody() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    for (login, password) in [("root", ""), ("root", "\n"), ("root", "password1"), ("x", PASSWORD)]
    {
        let ran = run(&["superuser", "create", login], &settings, password);
        assert!(ran.code.is_some_and(|code| code != 0), "{login} {password:?}: {ran:?}");
        assert!(!ran.error.is_empty(), "{ran:?}");
        assert!(password.trim().is_empty() || !ran.error.contains(password), "{ran:?}");
    }
    assert_eq!(database.count("SELECT count(*) FROM users").await, 0);
    let nobody = run(&["superuser", "create", "nobody", "--promote"], &settings, "");
    assert!(nobody.code != Some(0) && nobody.error.contains("nobody"), "{nobody:?}");
}
