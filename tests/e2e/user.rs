//! `auth-server user …` and `auth-server superuser revoke`

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::program::{AUTH_SERVER, Finished};
use tests::{Database, PASSWORD, TestServer};

use crate::{guest, settings};

fn assert_succeeds(ran: &Finished, says: &str) {
    assert!(ran.status == Some(0) && ran.stdout.contains(says), "{ran:?}");
}

#[tokio::test]
async fn disabling_and_enabling_an_account_reaches_a_running_server() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = guest(&mut server);
    let form = json!({ "login": "Ada", "password": PASSWORD });
    let made = guest.post("auth/register", &form).await.ok();
    let user = guest.with_token(made["access_token"].as_str().unwrap());
    user.get("me").await.expect(200, "");
    assert_succeeds(
        &AUTH_SERVER.run(&["user", "disable", "ada"], &settings, ""),
        "ada is disabled",
    );
    let started = Instant::now();
    while user.get("me").await.status == 200 {
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    }
    user.get("me").await.expect(401, "token_revoked");
    guest.post("auth/login", &form).await.expect(401, "credentials_invalid");
    assert_succeeds(&AUTH_SERVER.run(&["user", "disable", "ada"], &settings, ""), "already");
    assert_succeeds(&AUTH_SERVER.run(&["user", "enable", "ada"], &settings, ""), "ada is enabled");
    assert_succeeds(&AUTH_SERVER.run(&["user", "enable", "ada"], &settings, ""), "already");
    guest.post("auth/login", &form).await.expect(200, "");
    let trail = "SELECT count(*) FROM audit WHERE via = 'cli' AND by_user IS NULL
        AND operation IN ('disable_user', 'enable_user')";
    assert_eq!(database.count(trail).await, 2);
    assert_succeeds(&AUTH_SERVER.run(&["sessions", "end", "ada"], &settings, ""), "are ended");
    let trail = "SELECT count(*) FROM audit WHERE operation = 'revoke_user_sessions'";
    assert_eq!(database.count(trail).await, 1);
    assert_succeeds(&AUTH_SERVER.run(&["keys", "rotate"], &settings, ""), "is published");
    let trail = "SELECT count(*) FROM audit WHERE operation = 'rotate_keys' AND via = 'cli'";
    assert_eq!(database.count(trail).await, 1);
    let nobody = AUTH_SERVER.run(&["user", "disable", "nobody"], &settings, "");
    assert!(nobody.status == Some(1) && nobody.stderr.contains("nobody"), "{nobody:?}");
}

#[tokio::test]
async fn roles_are_created_inherited_and_deleted() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    let run = |arguments: &[&str]| AUTH_SERVER.run(arguments, &settings, "");
    let create = ["role", "create", "critic", "--description", "Writes reviews.", "--json"];
    let made = run(&[&create[..], &["--inherits", "subscriber"]].concat());
    let expected = json!({
        "name": "critic", "description": "Writes reviews.", "inherits": ["subscriber"],
        "builtin": false, "revision": 2,
    });
    assert_eq!(serde_json::from_str::<Value>(&made.stdout).unwrap(), expected, "{made:?}");
    assert_succeeds(&run(&["role", "list"]), "critic  inherits subscriber  Writes reviews.");
    let typo = run(&["role", "create", "editor", "--inherits", "critik"]);
    assert!(typo.status == Some(1) && typo.stderr.contains("did you mean `critic`?"), "{typo:?}");
    let again = run(&["role", "create", "critic"]);
    assert!(again.status == Some(1) && again.stderr.contains("exists"), "{again:?}");
    let ada = AUTH_SERVER.run(&["user", "create", "ada", "--role", "critic"], &settings, PASSWORD);
    assert_succeeds(&ada, "critic");
    assert_succeeds(&run(&["user", "list", "--role", "critic"]), "ada");
    assert_eq!(run(&["user", "list", "--role", "subscriber"]).stdout, "");
    assert_eq!(run(&["user", "list", "--name", "lovelace"]).stdout, "");
    let used = run(&["role", "delete", "subscriber"]);
    assert!(used.status == Some(1) && used.stderr.contains("subscriber"), "{used:?}");
    assert_succeeds(&run(&["role", "delete", "critic"]), "the role critic is deleted");
    assert_eq!(run(&["user", "list", "--role", "critic"]).stdout, "");
    let reserved = run(&["role", "create", "critic"]);
    assert!(reserved.status == Some(1) && reserved.stderr.contains("reserved"), "{reserved:?}");
    let audited = "SELECT count(*) FROM audit WHERE via = 'cli' AND operation IN ('create_role', 'delete_role')";
    assert_eq!(database.count(audited).await, 2);
}

#[tokio::test]
async fn a_superuser_is_revoked_but_never_the_last_one() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    for login in ["root", "ada"] {
        assert_succeeds(
            &AUTH_SERVER.run(&["superuser", "create", login], &settings, PASSWORD),
            login,
        );
    }
    assert_succeeds(
        &AUTH_SERVER.run(&["superuser", "revoke", "ada"], &settings, ""),
        "is no longer a superuser",
    );
    assert_succeeds(
        &AUTH_SERVER.run(&["superuser", "revoke", "ada"], &settings, ""),
        "is not a superuser",
    );
    for refused in [["superuser", "revoke", "root"], ["user", "disable", "root"]] {
        let ran = AUTH_SERVER.run(&refused, &settings, "");
        assert!(ran.status == Some(1) && ran.stderr.contains("last superuser"), "{ran:?}");
    }
    let nobody = AUTH_SERVER.run(&["superuser", "revoke", "nobody"], &settings, "");
    assert!(nobody.status == Some(1) && nobody.stderr.contains("nobody"), "{nobody:?}");
    let superusers = "SELECT count(*) FROM user_roles WHERE role = 'superuser'";
    assert_eq!(database.count(superusers).await, 1);
    let trail = "SELECT count(*) FROM audit WHERE via = 'cli'";
    assert_eq!(database.count(trail).await, 3);
}

#[tokio::test]
async fn a_superuser_who_lost_their_device_can_log_in_after_a_reset() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    server.enroll(&root).await;
    let settings = settings(&server.database);
    let reset =
        |login: &str| AUTH_SERVER.run(&["user", "reset-second-factor", login], &settings, "");
    assert_succeeds(&reset("ROOT"), "is without second factor");
    let started = Instant::now();
    while root.get("me").await.status == 200 {
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    }
    let root = server.log_in("root").await;
    assert_eq!(root.get("me/second-factor").await.ok()["active"], false);
    assert_succeeds(&reset("root"), "already");
    root.get("me").await.expect(200, "");
    let trail = format!(
        "SELECT count(*) FROM audit WHERE via = 'cli' AND by_user IS NULL
         AND operation = 'reset_user_second_factor' AND target = 'user:{}'",
        root.id,
    );
    assert_eq!(server.database.count(&trail).await, 1);
    let nobody = reset("nobody");
    assert!(nobody.status == Some(1) && nobody.stderr.contains("nobody"), "{nobody:?}");
}

#[tokio::test]
async fn a_user_locked_out_by_the_user_agent_list_can_log_in_again() {
    let server = TestServer::start().await;
    server.register("ada").await;
    server.database.execute("UPDATE users SET allowed_user_agents = '{Netscape}'").await;
    let form = json!({ "login": "ada", "password": PASSWORD });
    server.guest().post("auth/login", &form).await.expect(403, "agent_not_allowed");
    let settings = settings(&server.database);
    let allow = || AUTH_SERVER.run(&["user", "allow-all-user-agents", "ada"], &settings, "");
    assert_succeeds(&allow(), "ada is open to all user agents");
    server.guest().post("auth/login", &form).await.expect(200, "");
    assert_succeeds(&allow(), "already");
    let trail = "SELECT count(*) FROM audit WHERE operation = 'allow_all_user_agents'";
    assert_eq!(server.database.count(trail).await, 1);
}
