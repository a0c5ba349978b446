//! `auth-server secret replace --compromised`

use auth_server::clock::Clock;
use chrono::TimeDelta;
use serde_json::json;
use tests::program::AUTH_SERVER;
use tests::{AuthenticatorApp, Database, PASSWORD, current_password};

use crate::{guest, settings, with};

#[tokio::test]
async fn after_a_theft_all_sessions_end_and_second_factors_are_kept() {
    let database = Database::migrated().await;
    let old = settings(&database);
    let mut server = AUTH_SERVER.serve(&old);
    let body = json!({ "login": "ada", "password": PASSWORD });
    let session = guest(&mut server).post("auth/register", &body).await.ok();
    let user = guest(&mut server).with_token(session["access_token"].as_str().unwrap());
    let app =
        AuthenticatorApp::scan(&user.post("me/second-factor", &current_password()).await.ok());
    let code = json!({ "code": app.code_at(Clock::default().now()) });
    user.post("me/second-factor/confirm", &code).await.ok();
    let new = with(&old, "AUTH_SECRET", &"7a".repeat(32));
    let both = with(&new, "AUTH_SECRET_PREVIOUS", &database.secret_text());
    let refused = AUTH_SERVER.run(&["secret", "replace", "--compromised"], &both, "");
    assert_eq!(refused.status, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("1 servers are running"), "{refused:?}");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let refused = AUTH_SERVER.run(&["secret", "replace"], &both, "");
    assert_eq!(refused.status, Some(2), "{refused:?}");
    let replaced = AUTH_SERVER.run(&["secret", "replace", "--compromised"], &both, "");
    assert_eq!(replaced.status, Some(0), "{replaced:?}");
    assert!(replaced.stdout.contains("1 sessions are ended"), "{replaced:?}");
    // Under the old secret, codes of front ends could still be forged.
    for settings in [&old, &both, &with(&new, "AUTH_SECRET_NEXT", &database.secret_text())] {
        let refused = AUTH_SERVER.run(&["serve"], settings, "");
        assert_eq!(refused.status, Some(1), "{refused:?}");
    }
    let mut server = AUTH_SERVER.serve(&new);
    let guest = guest(&mut server);
    guest.get("/health/ready").await.expect(200, "");
    let token = json!({ "refresh_token": session["refresh_token"] });
    assert_eq!(guest.post("auth/refresh", &token).await.status, 401);
    let access = session["access_token"].as_str().unwrap();
    assert_eq!(guest.with_token(access).get("me").await.status, 401);
    let challenge = guest.post("auth/login", &body).await.expect(200, "").string("challenge");
    let next = app.code_at(Clock::default().now() + TimeDelta::seconds(30));
    guest.answer_challenge(&challenge, &next).await.expect(200, "");
    let audited = "SELECT count(*) FROM audit WHERE operation = 'replace_secret'";
    assert_eq!(database.count(audited).await, 1);
}

#[tokio::test]
async fn a_lost_secret_is_replaced_too() {
    let database = Database::migrated().await;
    let old = settings(&database);
    let mut server = AUTH_SERVER.serve(&old);
    let _ = server.url("api");
    drop(server);
    let new = with(&old, "AUTH_SECRET", &"7a".repeat(32));
    let refused = AUTH_SERVER.run(&["serve"], &new, "");
    assert!(refused.status == Some(1) && refused.stderr.contains("AUTH_SECRET"), "{refused:?}");
    let replaced = AUTH_SERVER.run(&["secret", "replace", "--compromised"], &new, "");
    assert_eq!(replaced.status, Some(0), "{replaced:?}");
    let mut server = AUTH_SERVER.serve(&new);
    guest(&mut server).get("/health/ready").await.expect(200, "");
}
