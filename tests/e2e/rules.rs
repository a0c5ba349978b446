//! `auth-server rules import` and `export`

use std::fs;

use serde_json::{Value, json};
use tests::TestServer;
use tests::program::{AUTH_SERVER, NO_SETTINGS};

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
    let import = |options: &[&str]| {
        AUTH_SERVER.run(&[&["rules", "import", file], options].concat(), &settings, "")
    };
    let change = "+ p, 300, anonymous, label:secret, read, deny\n";
    let shown = import(&["--dry-run"]);
    assert_eq!((shown.status, &*shown.stdout), (Some(0), change), "{shown:?}");
    let refused = import(&[]);
    assert!(refused.status == Some(1) && refused.stderr.contains("--yes"), "{refused:?}");
    assert_eq!(AUTH_SERVER.run(&["rules", "export"], &settings, "").stdout, exported);
    let ran = import(&["--yes"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.stdout.starts_with(change) && ran.stdout.contains("rules in force"), "{ran:?}");
    let again = import(&["--yes"]);
    assert!(again.stdout.contains("already"), "{again:?}");
    server.wait_for_revision(3).await;
    assert_eq!(server.guest().post("check", &read).await.ok()["allowed"], false);
    let line = root.get("audit?limit=1").await.ok()["items"][0].clone();
    assert_eq!((&line["operation"], &line["via"]), (&json!("import_rules"), &json!("cli")));
    assert_eq!((&line["by"], &line["target"]), (&json!(null), &json!("policy")));
    assert_eq!(line["revision"], 3);
    let (before, after) = (line["before"]["rules"].as_i64(), line["after"]["rules"].as_i64());
    assert_eq!(after, before.map(|rules| rules + 1), "{line}");
    assert_eq!(line["before"]["text"], exported);
    assert!(line["after"]["text"].as_str().unwrap().contains("label:secret"), "{line}");
    // A refused import changes nothing and is not audited.
    fs::write(file, "p, 300, anonymous, no pattern:**, read, deny\n").unwrap();
    assert_eq!(import(&["--yes"]).status, Some(1));
    fs::write(file, "# truncated\n").unwrap();
    let empty = import(&["--yes"]);
    assert!(empty.status == Some(1) && empty.stderr.contains("--allow-empty"), "{empty:?}");
    assert_eq!(root.get("audit?limit=1").await.ok()["items"][0]["id"], line["id"]);
    assert_eq!(server.guest().post("check", &read).await.ok()["allowed"], false);
}

#[tokio::test]
async fn descriptions_survive_an_export_and_an_import() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let settings = settings(&server.database);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.csv");
    let file = file.to_str().unwrap();
    let export = || AUTH_SERVER.run(&["rules", "export"], &settings, "").stdout;
    let import = |text: &str| {
        fs::write(file, text).unwrap();
        let ran = AUTH_SERVER.run(&["rules", "import", file, "--yes"], &settings, "");
        assert_eq!(ran.status, Some(0), "{ran:?}");
        ran.stdout
    };
    let shipped = export();
    let described = "role, critic  # Writes reviews.\n\
                     p, 50, critic, film:*, review, allow  # Critics review, \"all\" films.\n";
    import(&format!("{shipped}{described}"));
    let exported = export();
    for line in described.lines() {
        assert!(exported.contains(line), "{exported}");
    }
    server.wait_for_revision(3).await;
    let rules = root.items("rules?role=critic").await;
    assert_eq!(rules[0]["description"], "Critics review, \"all\" films.");
    assert_eq!(root.get("roles/critic").await.ok()["description"], "Writes reviews.");
    // Without descriptions in the file, the stored ones remain.
    let plain = described.lines().map(|line| line.split("  #").next().unwrap());
    let plain = format!("{shipped}{}\n", plain.collect::<Vec<_>>().join("\n"));
    assert!(import(&plain).contains("already"));
    // Another description is a change of the same rule.
    let changes = import(&exported.replace("Critics review, \"all\" films.", "Reviews."));
    assert!(changes.contains("+ p, 50, critic, film:*, review, allow  # Reviews.\n"), "{changes}");
    server.wait_for_revision(4).await;
    let again = root.items("rules?role=critic").await;
    assert_eq!((&again[0]["id"], &again[0]["description"]), (&rules[0]["id"], &json!("Reviews.")));
    // Over HTTP an update without a description keeps it, and an empty one removes it.
    let path = format!("rules/{}", rules[0]["id"]);
    let mut rule = json!({
        "priority": 51, "role": "critic", "resource": "film:*", "action": "review", "effect": "allow",
    });
    assert_eq!(root.put(&path, &rule).await.ok()["description"], "Reviews.");
    rule["description"] = "".into();
    assert_eq!(root.put(&path, &rule).await.ok()["description"], "");
    assert!(export().contains("p, 51, critic, film:*, review, allow\n"));
}

#[tokio::test]
async fn an_import_warns_of_probable_mistakes() {
    let server = TestServer::start().await;
    let settings = settings(&server.database);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.csv");
    let exported = AUTH_SERVER.run(&["rules", "export"], &settings, "").stdout;
    fs::write(&file, format!("{exported}p, 50, subscriber, label:nwe, read, allow\n")).unwrap();
    let file = file.to_str().unwrap();
    let ran = AUTH_SERVER.run(&["rules", "import", file, "--yes"], &settings, "");
    let warning = "warning: `p, 50, subscriber, label:nwe, read, allow`: no label rule gives the label `nwe`; \
                   did you mean `new`?\n";
    assert!(ran.status == Some(0) && ran.stdout.contains(warning), "{ran:?}");
    // It was so before.
    assert!(!ran.stdout.contains("adult"), "{ran:?}");
}

#[tokio::test]
async fn a_preview_tells_for_whom_an_import_would_change_what() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let ada = server.register("ada").await;
    root.put(&format!("users/{}/roles/subscriber", ada.id), &json!(null)).await.ok();
    let settings = settings(&server.database);
    let exported = AUTH_SERVER.run(&["rules", "export"], &settings, "").stdout;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.csv");
    fs::write(&file, format!("{exported}p, 300, anonymous, label:secret, read, deny\n")).unwrap();
    let preview = |options: &[&str]| {
        let arguments = [&["rules", "preview", file.to_str().unwrap()], options].concat();
        let ran = AUTH_SERVER.run(&arguments, &settings, "");
        assert_eq!(ran.status, Some(0), "{ran:?}");
        ran.stdout
    };
    let change = "  - read label:secret\n      \
        300, anonymous, label:secret, read, deny (before: 1000, anonymous, *, read, allow)\n";
    let told = preview(&[]);
    let expected =
        format!("guests\n{change}1 user with subscriber\n{change}1 user would not be affected\n");
    assert!(told.starts_with(&expected) && told.contains("ELASTICSEARCH_URL"), "{told}");
    let told: Value = serde_json::from_str(&preview(&["--json"])).unwrap();
    assert_eq!(told["users"][0]["roles"], json!(["subscriber"]));
    assert_eq!(AUTH_SERVER.run(&["rules", "export"], &settings, "").stdout, exported);
}

#[test]
fn a_check_warns_of_probable_mistakes_and_counts_what_an_import_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let rules = "p, 0, superuser, *, *, allow\n\
        p, 10, anonymous, label:adutl, read, deny\n\
        p, 20, anonymous, film:*, raed, allow\n\
        p, 30, anonymous, film:*, read, allow\n\
        p, 40, anonymous, film:a*, read, deny\n";
    fs::write(path("rules.csv"), rules).unwrap();
    fs::write(
        path("labels.toml"),
        "[[label]]\nname = 'adult'\nquery = { exists = { field = 'id' } }\n",
    )
    .unwrap();
    let file = path("rules.csv");
    let lines = |arguments: &[&str]| {
        let ran =
            AUTH_SERVER.run(&[&["rules", "check", &file], arguments].concat(), NO_SETTINGS, "");
        assert_eq!(ran.status, Some(0), "{ran:?}");
        ran.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let expected = [
        "warning: `p, 10, anonymous, label:adutl, read, deny`: no label rule gives the label `adutl`; did you mean `adult`?",
        "warning: `p, 20, anonymous, film:*, raed, allow`: no other rule uses the action `raed`; did you mean `read`?",
        "warning: `p, 40, anonymous, film:a*, read, deny`: an earlier rule decides whatever this one covers: `p, 30, anonymous, film:*, read, allow`",
        "warning: no rule is about the label `adult`",
        "warning: no role but `superuser` may write rules: none is allowed POST on `route:/api/v1/rules`",
        &format!("{file}: valid, 4 rules"),
    ];
    assert_eq!(lines(&["--labels", &path("labels.toml")]), expected);
    let shipped = lines(&[]);
    assert!(
        shipped.contains(&"warning: no rule is about the label `upcoming`".to_owned()),
        "{shipped:?}"
    );
}

#[tokio::test]
async fn an_import_is_listed_shown_and_rolled_back() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let role = json!({ "name": "critic", "description": "Writes." });
    root.post("roles", &role).await.expect(201, "");
    let settings = settings(&server.database);
    let run =
        |arguments: &[&str]| AUTH_SERVER.run(&[&["rules"], arguments].concat(), &settings, "");
    let printed = |arguments: &[&str]| {
        let ran = run(arguments);
        assert_eq!(ran.status, Some(0), "{ran:?}");
        ran.stdout
    };
    let good = printed(&["export"]);
    let ids = root.items("rules").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.csv");
    // Other rules for new releases; the others stay, with their ids.
    let bad = good.replace("label:new", "label:old") + "p, 1, anonymous, film:*, read, deny\n";
    fs::write(&file, &bad).unwrap();
    printed(&["import", file.to_str().unwrap(), "--yes"]);
    root.patch("roles/critic", &json!({ "description": "Reads." })).await.expect(200, "");
    let kept = root.items("rules").await.iter().filter(|rule| ids.contains(rule)).count();
    assert_eq!(kept, 3, "rules that were not changed");

    let history = printed(&["history", "--limit", "3"]);
    let lines: Vec<&str> = history.lines().collect();
    assert!(lines[0].contains("root") && lines[0].contains("update_role role:critic"), "{history}");
    let imported = "cli               import_rules policy: 5 rules, 0 roles";
    assert!(lines[1].trim_start().starts_with("4 ") && lines[1].ends_with(imported), "{history}");
    let json: serde_json::Value = serde_json::from_str(&printed(&["history", "--json"])).unwrap();
    assert_eq!(json[0], root.get("policy/revisions?limit=1").await.ok()["items"][0]);
    assert_eq!(printed(&["export", "--revision", "3"]), good);

    let shown = printed(&["rollback", "3", "--dry-run"]);
    for line in [
        "- p, 1, anonymous, film:*, read, deny",
        "- p, 100, subscriber, label:old, read, allow",
        "+ p, 100, subscriber, label:new, read, allow",
        "- role, critic  # Reads.",
        "+ role, critic  # Writes.",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    let refused = run(&["rollback", "3"]);
    assert!(refused.status == Some(1) && refused.stderr.contains("--yes"), "{refused:?}");
    assert_ne!(printed(&["export"]), good);
    let done = printed(&["rollback", "3", "--yes"]);
    assert!(
        done.ends_with("revision 3 restored: 5 rules and 1 roles changed, revision 6\n"),
        "{done}"
    );
    assert_eq!(printed(&["export"]), good);
    server.wait_for_revision(6).await;
    assert_eq!(root.get("roles/critic").await.ok()["description"], "Writes.");
    let line = root.get("audit?limit=1").await.ok()["items"][0].clone();
    assert_eq!(
        (&line["operation"], &line["via"]),
        (&json!("restore_policy_revision"), &json!("cli"))
    );
    assert!(printed(&["rollback", "3", "--yes"]).contains("already"));
    let unknown = run(&["rollback", "99", "--yes"]);
    assert!(
        unknown.status == Some(1) && unknown.stderr.contains("no such policy revision"),
        "{unknown:?}"
    );
    let unknown = run(&["export", "--revision", "99"]);
    assert!(unknown.status == Some(1) && unknown.stdout.is_empty(), "{unknown:?}");
}
