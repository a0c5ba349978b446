use serde_json::{Value, json};

use tests::{TestServer, free_address};

use crate::films::{Films, finished};

#[tokio::test]
async fn preview_shows_the_changes_and_writes_nothing() {
    let films = Films::new();
    films.rules("[[label]]\nname='adult'\nquery={term={mpaa_rating='R'}}\n");
    films.import_many(3).await;
    films.once().await;
    films.rules("[[label]]\nname='all'\nquery={ids={values=['film-1']}}\nwithin={field='release_date',period='P1Y'}\n");
    let mapping = films.request("GET", "/_mapping", None).await;
    let before = films.film("film-1").await;

    let preview = films.run(&["preview", "--samples", "2"]).await;
    assert_eq!(preview.status, Some(0), "{preview:?}");
    assert!(preview.stdout.contains("3 films, of which a run would write 3:\n"), "{preview:?}");
    assert!(preview.stdout.contains("  3 with other labels\n"), "{preview:?}");
    let rows: Vec<Vec<&str>> =
        preview.stdout.lines().map(|row| row.split_whitespace().collect()).collect();
    assert!(rows.contains(&vec!["adult", "0", "3", "-", "-film-0", "-film-1"]), "{preview:?}");
    assert!(rows.contains(&vec!["all", "1", "0", "1", "+film-1"]), "{preview:?}");

    assert_eq!(films.film("film-1").await, before);
    assert_eq!(films.open_contexts().await, 0);
    assert_eq!(films.request("GET", "/_mapping", None).await, mapping);
    assert_eq!(films.count(json!({ "term": { "access.labels": "adult" } })).await, 3);
    films.once().await;
    assert_eq!(json(&films, &[]).await["would_write"], 0);
}

/// The preview as JSON.
async fn json(films: &Films, options: &[&str]) -> Value {
    let preview = films.run(&[&["preview", "--json"], options].concat()).await;
    assert_eq!(preview.status, Some(0), "{preview:?}");
    serde_json::from_str(&preview.stdout).unwrap()
}

#[tokio::test]
async fn stamps_and_periods_are_told_from_labels() {
    let films = Films::new();
    let rule = "[[label]]\nname='old'\nwithin={field='release_date',period='P1000Y'}\n";
    films.rules(rule);
    films.import(r#"{"id":"a","release_date":"2000-01-01"}"#).await;
    films.once().await;
    films.rules(&rule.replace("1000", "1001"));
    let changed = json(&films, &[]).await;
    assert_eq!((&changed["periods_changed"], &changed["stamps_only"]), (&json!(1), &json!(0)));
    films.rules(&format!("{rule}[[label]]\nname='none'\nquery={{ids={{values=['b']}}}}\n"));
    let changed = json(&films, &[]).await;
    assert_eq!((&changed["periods_changed"], &changed["stamps_only"]), (&json!(0), &json!(1)));
    assert_eq!(changed["labels"]["old"]["after"], 1);
    assert_eq!(changed["roles"], Value::Null);
}

#[tokio::test]
async fn with_a_policy_a_preview_says_who_gains_and_loses_films() {
    let films = Films::new();
    films.rules("[[label]]\nname='new'\nquery={ids={values=['film-0']}}\n");
    films.import_many(3).await;
    let policy = films.file(
        "rules.csv",
        "role, subscriber\np, 10, subscriber, label:new, read, allow\n\
         p, 20, anonymous, label:new, read, deny\np, 20, anonymous, label:unlabelled, read, deny\n\
         p, 30, anonymous, film:*, read, allow\n",
    );
    let unlabelled = json(&films, &["--policy", &policy]).await["roles"].clone();
    assert_eq!(unlabelled["anonymous"]["gained"], 2, "{unlabelled}");
    assert_eq!(unlabelled["subscriber"]["gained"], 3, "{unlabelled}");
    films.once().await;
    films.rules("[[label]]\nname='new'\nquery={ids={values=['film-1', 'film-2']}}\n");
    let moved = json(&films, &["--policy", &policy, "--samples", "1"]).await["roles"].clone();
    let guest =
        json!({ "gained": 1, "lost": 2, "gained_samples": ["film-0"], "lost_samples": ["film-1"] });
    assert_eq!(moved["anonymous"], guest, "{moved}");
    assert_eq!(
        (&moved["subscriber"]["gained"], &moved["subscriber"]["lost"]),
        (&json!(0), &json!(0))
    );

    for (text, message) in [("p, 10, anonymous\n", "policy: line 1"), ("", "it has no rules")] {
        let broken = films.file("broken.csv", text);
        let refused = films.run(&["preview", "--policy", &broken]).await;
        assert_eq!(refused.status, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(message), "{refused:?}");
    }
}

#[tokio::test]
async fn with_the_url_of_auth_server_a_preview_is_about_the_roles_that_users_have() {
    let (films, auth) = (Films::new(), TestServer::start().await);
    let root = auth.superuser().await;
    root.post("roles", &json!({ "name": "editor" })).await.ok();
    let rule = json!({ "priority": 5, "role": "editor", "resource": "label:draft",
        "action": "read", "effect": "allow" });
    root.post("rules", &rule).await.ok();
    let rule = json!({ "priority": 20, "role": "anonymous", "resource": "label:draft",
        "action": "read", "effect": "deny" });
    root.post("rules", &rule).await.ok();
    for (login, roles) in [("ada", &["editor", "subscriber"][..]), ("bob", &["editor"])] {
        let user = auth.register(login).await;
        for role in roles {
            let path = format!("users/{}/roles/{role}", user.id);
            root.send(root.request(reqwest::Method::PUT, &path)).await.ok();
        }
    }
    let client = json!({ "name": "previews", "scopes": ["policy:read"] });
    let client = root.post("clients", &client).await.ok();
    let [id, secret] = ["id", "secret"].map(|field| client[field].as_str().unwrap().to_owned());
    let preview = async |options: &[&str], id: &str, secret: &str| {
        let mut command = films.command(&[&["preview", "--policy", &auth.url], options].concat());
        command.env("ETL_CLIENT_ID", id).env("ETL_CLIENT_SECRET", secret);
        finished(command.spawn().unwrap()).await
    };

    films.rules("[[label]]\nname='draft'\nquery={ids={values=['film-0']}}\n");
    films.import_many(3).await;
    films.once().await;
    films.rules("[[label]]\nname='draft'\nquery={ids={values=['film-1', 'film-2']}}\n");
    let ran = preview(&["--json"], &id, &secret).await;
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let roles = serde_json::from_str::<Value>(&ran.stdout).unwrap()["roles"].clone();
    let row = |name: &str| {
        let row = &roles[name];
        [&row["users"], &row["gained"], &row["lost"]].map(Value::as_u64)
    };
    assert_eq!(row("anonymous"), [None, Some(1), Some(2)], "{roles}");
    assert_eq!(row("subscriber"), [Some(0), Some(1), Some(2)], "{roles}");
    assert_eq!(row("editor"), [Some(1), Some(0), Some(0)], "{roles}");
    assert_eq!(row("editor + subscriber"), [Some(1), Some(0), Some(0)], "{roles}");
    let shown = preview(&[], &id, &secret).await.stdout;
    assert!(shown.contains("editor + subscriber (1 user) "), "{shown}");

    for (id, secret) in [("", ""), (&id, "wrong")] {
        let refused = preview(&[], id, secret).await;
        assert_eq!(refused.status, Some(2), "{refused:?}");
        assert!(refused.stderr.contains("scope `policy:read`"), "{refused:?}");
    }
    let incomplete = preview(&[], &id, "").await;
    assert_eq!(incomplete.status, Some(2), "{incomplete:?}");
    let nowhere = format!("http://{}", free_address());
    let unreachable = films.run(&["preview", "--policy", &nowhere]).await;
    assert_eq!(unreachable.status, Some(69), "{unreachable:?}");
}
