//! `auth-server keys …`

use std::time::{Duration, Instant};

use serde_json::json;
use tests::program::{Program, run};
use tests::{Database, PASSWORD};

use crate::{guest, settings};

#[tokio::test]
async fn a_running_server_follows_a_rotation_by_itself() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    let none = run(&["keys", "rotate"], &settings, "");
    assert!(none.code == Some(1) && none.error.contains("serve"), "{none:?}");
    let mut server = Program::serve(&settings);
    let guest = guest(&mut server);
    let account = json!({ "login": "ada", "password": PASSWORD });
    let made = guest.post("auth/register", &account).await.ok();
    let user = guest.with_token(made["access_token"].as_str().unwrap());
    let ran = run(&["keys", "rotate", "--lead", "7"], &settings, "");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let (old, new) = (kid(&made), ran.output.split(' ').next().unwrap().to_owned());
    assert!(ran.output.contains(&old) && new != old, "{ran:?}");
    let second = run(&["keys", "rotate"], &settings, "");
    assert!(second.code == Some(1) && second.error.contains("published already"), "{second:?}");
    let listed = run(&["keys", "list"], &settings, "").output;
    assert!(listed.contains(&format!("{new}  pending")), "{listed}");
    assert!(listed.contains(&format!("{old}  signing")), "{listed}");
    let started = Instant::now();
    while kid(&guest.post("auth/login", &account).await.ok()) != new {
        assert!(started.elapsed() < Duration::from_secs(15));
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    user.get("me").await.expect(200, "");
    let listed = run(&["keys", "list"], &settings, "").output;
    assert!(listed.contains(&format!("{old}  retired")), "{listed}");
}

fn kid(tokens: &serde_json::Value) -> String {
    let (header, _) = tests::token::read(tokens["access_token"].as_str().unwrap());
    header.get("kid").unwrap().as_str().unwrap().to_owned()
}
