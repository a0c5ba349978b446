//! Commands that change something, with `--json`.

use std::fs;

use serde_json::{Value, json};
use tests::program::AUTH_SERVER;
use tests::{Database, PASSWORD};

use crate::settings;

#[tokio::test]
async fn what_a_command_has_done_is_read_by_programs() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    let run = |arguments: &[&str], input: &str| -> Value {
        let ran = AUTH_SERVER.run(&[arguments, &["--json"]].concat(), &settings, input);
        assert_eq!(ran.status, Some(0), "{arguments:?}: {ran:?}");
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    };
    let nothing = json!({ "applied": [], "warnings": [], "installed_rules": 0 });
    assert_eq!(run(&["migrate"], ""), nothing);
    let root = run(&["superuser", "create", "root"], PASSWORD);
    assert_eq!(root, json!({ "login": "root", "superuser": true, "changed": true }));
    let again = run(&["superuser", "create", "root", "--promote"], "");
    assert_eq!(again, json!({ "login": "root", "superuser": true, "changed": false }));
    let ada = run(&["user", "create", "ada"], PASSWORD);
    for (command, disabled) in [("disable", true), ("enable", false)] {
        let user = run(&["user", command, "ada"], "");
        assert_eq!((&user["id"], &user["disabled"]), (&ada["id"], &json!(disabled)), "{user}");
    }
    for command in ["reset-second-factor", "allow-all-user-agents"] {
        assert_eq!(run(&["user", command, "ada"], "")["login"], "ada");
    }
    let link = run(&["user", "reset-link", "ada"], "");
    assert!(link["token"].is_string() && link["expires_at"].is_string(), "{link}");
    let revoked = run(&["superuser", "revoke", "ada"], "");
    assert_eq!(revoked, json!({ "login": "ada", "superuser": false, "changed": false }));
    let ended = run(&["sessions", "end", "ada"], "");
    assert_eq!(ended, json!({ "login": "ada", "ended": true }));
    let client = run(&["client", "create", "movies"], "");
    assert!(client["client_secret"].is_string(), "{client}");
    let disabled = run(&["client", "disable", client["client_id"].as_str().unwrap()], "");
    assert_eq!(disabled, json!({ "id": client["client_id"], "name": "movies" }));
    // Its first start creates a signing key.
    let mut server = AUTH_SERVER.serve(&settings);
    let _started = server.url("api");
    let rotated = run(&["keys", "rotate"], "");
    assert!(rotated["kid"].is_string() && rotated["old"]["retire_at"].is_string(), "{rotated}");
    let revoked = run(&["keys", "revoke", rotated["kid"].as_str().unwrap()], "");
    assert!(revoked["kid"] == rotated["kid"] && revoked["successor"].is_string(), "{revoked}");
    let role = run(&["role", "create", "critic"], "");
    assert_eq!(run(&["role", "delete", "critic"], ""), role);
}

#[tokio::test]
async fn imports_checks_and_rollbacks_are_read_by_programs() {
    let database = Database::migrated().await;
    let settings = settings(&database);
    let run = |arguments: &[&str]| -> Value {
        let ran = AUTH_SERVER.run(arguments, &settings, "");
        assert_eq!(ran.status, Some(0), "{arguments:?}: {ran:?}");
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.csv");
    let exported = AUTH_SERVER.run(&["rules", "export"], &settings, "").stdout;
    let rule = "p, 50, subscriber, label:nwe, read, allow";
    fs::write(&file, format!("{exported}{rule}\n")).unwrap();
    let file = file.to_str().unwrap();
    let checked = run(&["rules", "check", file, "--json"]);
    assert_eq!((&checked["rules"], &checked["warnings"][0]["closest"]), (&json!(5), &json!("new")));
    let changes = json!([format!("+ {rule}")]);
    let shown = run(&["rules", "import", file, "--json", "--dry-run"]);
    assert_eq!(shown, json!({ "changes": changes, "made": null }));
    let imported = run(&["rules", "import", file, "--json", "--yes"]);
    assert_eq!(imported["changes"], changes);
    let made = &imported["made"];
    assert_eq!(
        (&made["rules"], &made["warnings"][0]["code"]),
        (&json!(5), &json!("unknown_label"))
    );
    assert_eq!(run(&["rules", "import", file, "--json"]), json!({ "changes": [], "made": null }));
    let rolled_back = run(&["rules", "rollback", "1", "--json", "--yes"]);
    assert_eq!(rolled_back["changes"], json!([format!("- {rule}")]));
    assert_eq!(rolled_back["made"]["restored"], 1);
}
