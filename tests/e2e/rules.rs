//! `auth-server rules import` and `export`

use std::fs;

use serde_json::json;
use tests::TestServer;
use tests::program::AUTH_SERVER;

use crate::settings;

#[tokio::test]
async fn an_import_replaces_the_rules_and_is_audited_once() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let settings = settings(&server.database);
    let exported = AUTH_SERVER.run(&["rules", "export"], &settings, "").stdout;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.csv");
    let file = file.to_str().unwrap();
    let read = json!({ "action": "read", "resource": { "type": "film", "labels": ["secret"] } });
    assert_eq!(server.guest().post("check", &read).await.ok()["allowed"], true);
    fs::write(file, format!("{exported}p, 300, anonymous, label:secret, read, deny\n")).unwrap();
    let ran = AUTH_SERVER.run(&["rules", "import", file], &settings, "");
    assert!(ran.status == Some(0) && ran.stdout.contains("rules in force"), "{ran:?}");
    server.wait_for_revision(3).await;
    assert_eq!(server.guest().post("check", &read).await.ok()["allowed"], false);
    let line = root.get("audit?limit=1").await.ok()["items"][0].clone();
    assert_eq!((&line["operation"], &line["via"]), (&json!("import_rules"), &json!("cli")));
    assert_eq!((&line["by"], &line["target"]), (&json!(null), &json!("policy")));
    assert_eq!(line["revision"], 3);
    let (before, after) = (line["before"]["rules"].as_i64(), line["after"]["rules"].as_i64());
    assert_eq!(after, before.map(|rules| rules + 1), "{line}");
    // A refused import changes nothing and is not audited.
    fs::write(file, "p, 300, anonymous, no pattern:**, read, deny\n").unwrap();
    assert_eq!(AUTH_SERVER.run(&["rules", "import", file], &settings, "").status, Some(1));
    assert_eq!(root.get("audit?limit=1").await.ok()["items"][0]["id"], line["id"]);
    assert_eq!(server.guest().post("check", &read).await.ok()["allowed"], false);
}
