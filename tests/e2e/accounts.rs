//! `auth-server user list|show|create|grant|revoke`, `auth-server audit` and `--json`.

use serde_json::{Value, json};
use tests::program::{AUTH_SERVER, Finished, Settings};
use tests::{Database, PASSWORD};

use crate::{guest, settings};

fn run(settings: &Settings, arguments: &[&str]) -> Finished {
    AUTH_SERVER.run(arguments, settings, &format!("{PASSWORD}\n"))
}

fn text(settings: &Settings, arguments: &[&str]) -> String {
    let ran = run(settings, arguments);
    assert_eq!(ran.status, Some(0), "{arguments:?}: {ran:?}");
    ran.stdout
}

fn json(settings: &Settings, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    serde_json::from_str(&text(settings, &arguments)).unwrap()
}

/// Asserts that the command fails, with this on standard error.
fn assert_refused(settings: &Settings, arguments: &[&str], why: &str) {
    let ran = run(settings, arguments);
    assert_eq!(ran.status, Some(1), "{arguments:?}: {ran:?}");
    assert!(ran.stderr.contains(why) && ran.stdout.is_empty(), "{arguments:?}: {ran:?}");
}

#[tokio::test]
async fn an_account_is_created_and_can_log_in() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = guest(&mut server);
    let create = ["user", "create", "Ada", "--first-name", "Ada", "--role", "subscriber"];
    let ada = json(&settings, &create);
    assert_eq!(ada["login"], "Ada");
    assert_eq!(ada["roles"], json!(["subscriber"]));
    assert!(!ada.to_string().contains(PASSWORD), "{ada}");
    guest.log_in("ada", PASSWORD).await.expect(200, "");
    let film = json!({ "type": "film", "id": "x", "labels": ["new"] });
    let check = json!({ "action": "read", "resource": film });
    let tokens = guest.log_in("ada", PASSWORD).await.ok();
    let user = guest.with_token(tokens["access_token"].as_str().unwrap());
    assert_eq!(user.post("check", &check).await.ok()["allowed"], true);
    text(&settings, &["user", "create", "grace"]);
    assert_refused(&settings, &["user", "create", "ADA"], "exists already");
    assert_refused(&settings, &["user", "create", "x"], "3 to 64 characters");
    assert_refused(&settings, &["user", "create", "eve", "--role", "subscribr"], "`subscriber`");
    let weak = AUTH_SERVER.run(&["user", "create", "eve"], &settings, "password1\n");
    assert!(weak.status == Some(1) && weak.stderr.contains("password"), "{weak:?}");
    let created = "SELECT count(*) FROM audit WHERE operation = 'create_user' AND via = 'cli'";
    assert_eq!(database.count(created).await, 2);
}

#[tokio::test]
async fn accounts_are_listed_and_shown_as_the_api_has_them() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    text(&settings, &["superuser", "create", "root"]);
    for login in ["ada", "adam", "grace"] {
        text(&settings, &["user", "create", login]);
    }
    text(&settings, &["user", "disable", "grace"]);
    let all = text(&settings, &["user", "list"]);
    let logins: Vec<_> = all.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(logins, ["ada", "adam", "grace", "root"]);
    assert!(all.lines().any(|line| line.starts_with("grace") && line.ends_with("  disabled")));
    let some = json(&settings, &["user", "list", "--login", "AD"]);
    let logins: Vec<_> = some.as_array().unwrap().iter().map(|user| &user["login"]).collect();
    assert_eq!(logins, ["ada", "adam"]);
    let shown = text(&settings, &["user", "show", "GRACE"]);
    assert!(shown.contains("state       disabled"), "{shown}");
    assert_refused(&settings, &["user", "show", "nobody"], "there is no account `nobody`");

    let mut server = AUTH_SERVER.serve(&settings);
    let guest = guest(&mut server);
    let tokens = guest.log_in("root", PASSWORD).await.ok();
    let root = guest.with_token(tokens["access_token"].as_str().unwrap());
    let page = root.get("users").await.ok();
    assert_eq!(json(&settings, &["user", "list"]), page["items"]);
    assert_eq!(json(&settings, &["user", "show", "adam"]), page["items"][1]);
    let sessions = json(&settings, &["sessions", "list", "root"]);
    let mut mine = root.get("me/sessions").await.ok()["items"].clone();
    mine[0].as_object_mut().unwrap().remove("current");
    assert_eq!(sessions, mine);
    let listed = text(&settings, &["session", "list", "root"]);
    assert!(listed.starts_with(mine[0]["id"].as_str().unwrap()), "{listed}");
}

#[tokio::test]
async fn a_role_is_granted_and_revoked_for_tokens_issued_before() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    text(&settings, &["superuser", "create", "root"]);
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = guest(&mut server);
    text(&settings, &["user", "create", "ada"]);
    let tokens = guest.log_in("ada", PASSWORD).await.ok();
    let ada = guest.with_token(tokens["access_token"].as_str().unwrap());
    let film = json!({ "type": "film", "id": "x", "labels": ["new"] });
    let check = json!({ "action": "read", "resource": film });
    let may_read = async || ada.post("check", &check).await.ok()["allowed"] == true;
    assert!(!may_read().await);
    let grant = ["user", "grant", "ada", "subscriber"];
    assert_eq!(text(&settings, &grant), "ada has the role subscriber\n");
    assert_eq!(text(&settings, &grant), "ada already has the role subscriber\n");
    tests::until("granted", may_read).await;
    let revoke = ["user", "revoke", "ADA", "subscriber"];
    assert_eq!(json(&settings, &revoke)["roles"], json!([]));
    assert_eq!(text(&settings, &revoke), "ADA does not have the role subscriber\n");
    tests::until("revoked", async || !may_read().await).await;
    assert_refused(&settings, &["user", "grant", "nobody", "subscriber"], "`nobody`");
    assert_refused(&settings, &["user", "grant", "ada", "subscribers"], "`subscriber`?");
    assert_refused(&settings, &["user", "grant", "ada", "anonymous"], "anonymous");
    assert_refused(&settings, &["user", "revoke", "root", "superuser"], "last superuser");

    let records = json(&settings, &["audit", "--limit", "2"]);
    let operations: Vec<_> =
        records.as_array().unwrap().iter().map(|record| &record["operation"]).collect();
    assert_eq!(operations, ["revoke_role", "grant_role"]);
    assert_eq!((&records[0]["via"], &records[0]["by"]), (&json!("cli"), &Value::Null));
    assert_eq!(records[1]["after"], json!({ "roles": ["subscriber"] }));
    let target = format!("user:{}", ada.get("me").await.ok()["id"].as_str().unwrap());
    let lines = text(&settings, &["audit", "--target", &target]);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(lines.lines().all(|line| line.contains("  cli  -  ")), "{lines}");
}

#[tokio::test]
async fn every_list_can_be_json() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    text(&settings, &["superuser", "create", "root"]);
    text(&settings, &["client", "create", "films"]);
    let mut server = AUTH_SERVER.serve(&settings);
    let guest = guest(&mut server);
    let superusers = json(&settings, &["superuser", "list"]);
    assert_eq!((&superusers[0]["login"], &superusers[1]), (&json!("root"), &Value::Null));
    let clients = json(&settings, &["client", "list"]);
    assert_eq!(
        (&clients[0]["name"], &clients[0]["scopes"]),
        (&json!("films"), &json!(["introspect"]))
    );
    assert!(!clients.to_string().contains("secret"), "{clients}");
    assert_eq!(json(&settings, &["keys", "list"])[0]["state"], "signing");
    let roles = "INSERT INTO roles (name, description, created_at, revision) VALUES ('critic', 'Reviews', now(), 1);
        INSERT INTO role_inherits VALUES ('critic', 'subscriber')";
    database.execute(roles).await;
    let listed = text(&settings, &["role", "list"]);
    let expected = [
        "anonymous  built in  Everyone, signed in or not.",
        "critic  inherits subscriber  Reviews",
        "subscriber",
        "superuser  built in  May do everything.",
    ];
    assert_eq!(listed.lines().collect::<Vec<_>>(), expected);
    let roles = json(&settings, &["role", "list"]);
    let tokens = guest.log_in("root", PASSWORD).await.ok();
    let root = guest.with_token(tokens["access_token"].as_str().unwrap());
    assert_eq!(root.get("roles").await.ok()["items"], roles);
}
