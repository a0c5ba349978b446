//! `auth-server keys …`

use std::time::{Duration, Instant};

use serde_json::json;
use tests::program::AUTH_SERVER;
use tests::{Database, PASSWORD, until};

use crate::{guest, settings};

#[tokio::test]
async fn a_running_server_picks_up_a_key_rotation() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    let none = AUTH_SERVER.run(&["keys", "rotate"], &settings, "");
    assert!(none.status == Some(1) && none.stderr.contains("serve"), "{none:?}");
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = guest(&mut server);
    let account = json!({ "login": "ada", "password": PASSWORD });
    let made = guest.post("auth/register", &account).await.ok();
    let user = guest.with_token(made["access_token"].as_str().unwrap());
    let ran = AUTH_SERVER.run(&["keys", "rotate", "--lead", "7"], &settings, "");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let (old, new) = (kid(&made), ran.stdout.split(' ').next().unwrap().to_owned());
    assert!(ran.stdout.contains(&old) && new != old, "{ran:?}");
    let second = AUTH_SERVER.run(&["keys", "rotate"], &settings, "");
    assert!(second.status == Some(1) && second.stderr.contains("already published"), "{second:?}");
    let listed = AUTH_SERVER.run(&["keys", "list"], &settings, "").stdout;
    assert!(listed.contains(&format!("{new}  pending")), "{listed}");
    assert!(listed.contains(&format!("{old}  signing")), "{listed}");
    let started = Instant::now();
    while kid(&guest.post("auth/login", &account).await.ok()) != new {
        assert!(started.elapsed() < Duration::from_secs(15));
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    user.get("me").await.expect(200, "");
    let listed = AUTH_SERVER.run(&["keys", "list"], &settings, "").stdout;
    assert!(listed.contains(&format!("{old}  retired")), "{listed}");
}

#[tokio::test]
async fn a_running_server_refuses_the_tokens_of_a_revoked_key() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = guest(&mut server);
    let account = json!({ "login": "ada", "password": PASSWORD });
    let made = guest.post("auth/register", &account).await.ok();
    let user = guest.with_token(made["access_token"].as_str().unwrap());
    user.get("me").await.expect(200, "");
    let stolen = kid(&made);
    let ran = AUTH_SERVER.run(&["keys", "revoke", &stolen], &settings, "");
    assert_eq!(ran.status, Some(0), "{ran:?}");
    until("refused", async || user.get("me").await.status == 401).await;
    user.get("me").await.expect(401, "token_signature_invalid");
    let renewed = guest.refresh(made["refresh_token"].as_str().unwrap()).await.ok();
    assert!(ran.stdout.contains(&format!("{} takes its place", kid(&renewed))), "{ran:?}");
    let listed = AUTH_SERVER.run(&["keys", "list"], &settings, "").stdout;
    assert!(listed.contains(&format!("{stolen}  revoked")), "{listed}");
    for wrong in [&*stolen, "-nothing"] {
        let ran = AUTH_SERVER.run(&["keys", "revoke", wrong], &settings, "");
        assert!(ran.status == Some(1) && ran.stderr.contains(wrong), "{ran:?}");
    }
}

fn kid(tokens: &serde_json::Value) -> String {
    let (header, _) = tests::token::read(tokens["access_token"].as_str().unwrap());
    header.get("kid").unwrap().as_str().unwrap().to_owned()
}
