//! `auth-server explain`

use policies::label_rules::{LabelRules, SHIPPED};
use serde_json::{Value, json};
use tests::program::{AUTH_SERVER, Finished, Settings};
use tests::{Index, TestServer, elastic};

use crate::{settings, with};

fn explain(settings: &Settings, arguments: &[&str]) -> Finished {
    AUTH_SERVER.run(&[&["explain"], arguments].concat(), settings, "")
}

/// What it prints, with the time of the decision redacted.
fn text(settings: &Settings, arguments: &[&str]) -> String {
    let ran = explain(settings, arguments);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let shown = |line: &str| match line.split_once("  time ") {
        Some(_) => "  time      [time]".to_owned(),
        None => line.to_owned(),
    };
    ran.stdout.lines().map(shown).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_decision_about_a_film_is_explained_as_a_tree() {
    let server = TestServer::start().await;
    let index = Index::new();
    let rules = LabelRules::parse(SHIPPED).unwrap();
    elastic(&index.server, &index.name).await.create_index(&rules).await.unwrap();
    let access = json!({ "labels": ["adult", "new"], "labelled_at": "2026-01-01T00:00:00Z",
        "until": { "new": "2999-01-01T00:00:00Z" } });
    let film = json!({ "id": "dune", "title": "Dune\u{1b}[31m", "access": access });
    index.put("dune", &film).await;
    let mut settings = with(&settings(&server.database), "ELASTICSEARCH_URL", &index.server);
    settings.push(("FILMS_INDEX".into(), index.name.clone()));
    server.register("ada").await;
    insta::assert_snapshot!(text(&settings, &["--user", "Ada", "--film", "dune"]), @"
    denied: Ada may not read film:dune (Dune�[31m)
      reason    label_denied: new
      roles     anonymous
      time      [time]

    film:dune        allowed  p, 1000, anonymous, *, read, allow
    ├── label:adult  allowed  p, 1000, anonymous, *, read, allow
    └── label:new    denied   p, 200, anonymous, label:new, read, deny

    allowed with one of the roles: subscriber
    may change at 2999-01-01T00:00:00Z

    rules in order:
      other_role    p, 0, superuser, *, *, allow
      other_role    p, 100, subscriber, label:new, read, allow
      decides       p, 200, anonymous, label:new, read, deny
      decides       p, 1000, anonymous, *, read, allow
      1 rule about another resource
    ");
    insta::assert_snapshot!(
        text(&settings, &["--role", "subscriber", "--film", "dune", "--at", "2999-01-01T00:00:00Z"]),
        @"
    allowed: a caller with the role subscriber may read film:dune (Dune�[31m)
      reason    allowed
      roles     anonymous, subscriber
      time      [time]

    film:dune        allowed  p, 1000, anonymous, *, read, allow
    └── label:adult  allowed  p, 1000, anonymous, *, read, allow

    not active: label:new, valid until 2999-01-01T00:00:00Z

    rules in order:
      other_role    p, 0, superuser, *, *, allow
      decides       p, 1000, anonymous, *, read, allow
      3 rules about other resources
    "
    );
}

#[tokio::test]
async fn the_same_is_answered_as_over_http() {
    let server = TestServer::start().await;
    let (root, settings) = (server.superuser().await, settings(&server.database));
    let film = json!({ "type": "film", "id": "f1", "labels": ["new"] });
    let at = "2026-06-01T12:00:00Z";
    for (arguments, subject) in [
        (&["--guest"][..], Value::Null),
        (&["--user", "root"], json!({ "user": "root" })),
        (&["--role", "subscriber"], json!({ "roles": ["subscriber"] })),
    ] {
        let film_arguments = ["--film", "f1", "--label", "new", "--at", at, "--json"];
        let ran = explain(&settings, &[arguments, &film_arguments].concat());
        let body = json!({ "subject": subject, "resource": film, "at": at });
        let answer = root.post("explain", &body).await.ok();
        let printed: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(printed, answer, "{ran:?}");
    }
}

#[tokio::test]
async fn other_resources_and_what_is_wrong_are_named() {
    let server = TestServer::start().await;
    let settings = settings(&server.database);
    let route = ["--resource", "route:/api/v1/rules", "--action", "GET"];
    let denied = text(&settings, &[&["--role", "subscriber"], &route[..]].concat());
    assert!(
        denied.starts_with("denied: a caller with the role subscriber may not GET route:"),
        "{denied}"
    );
    assert!(denied.contains("no rule matches"), "{denied}");
    let unknown = text(&settings, &["--film", "f1"]);
    assert!(unknown.contains("Set ELASTICSEARCH_URL"), "{unknown}");
    for (arguments, status, says) in [
        (&["--user", "nobody", "--film", "f1"][..], 1, "No account has this login"),
        (&["--role", "subscribr", "--film", "f1"], 1, "did you mean `subscriber`?"),
        (&["--user", "ada", "--role", "x", "--film", "f1"], 2, "cannot be used with"),
        (&["--user", "ada"], 2, "required"),
        (&["--film", "f1", "--at", "soon"], 2, "--at"),
    ] {
        let ran = explain(&settings, arguments);
        assert!(ran.status == Some(status) && ran.stderr.contains(says), "{ran:?}");
    }
    let nowhere = with(&settings, "ELASTICSEARCH_URL", "http://127.0.0.1:1");
    let ran = explain(&nowhere, &["--film", "f1"]);
    assert!(ran.status == Some(1) && ran.stderr.contains("films is unavailable"), "{ran:?}");
}
