//! `POST /api/v1/policy/preview`

use futures::future::join_all;
use policies::label_rules::LabelRules;
use serde_json::{Value, json};
use tests::{Database, Index, Proxy, TestServer, elastic, until};

use super::{apply, preview};
use crate::offload::with_many_rules;
use crate::roles::create_role;
use crate::rules::rule;
use crate::users::grant;

const STATE: &str = "SELECT count(*) FROM (SELECT 1 FROM rules UNION ALL SELECT 1 FROM roles
    UNION ALL SELECT 1 FROM user_roles UNION ALL SELECT 1 FROM audit) AS everything";
const REVISION: &str = "SELECT revision FROM policy_state";

fn deny_adult() -> Value {
    json!({ "create_rule": rule(150, "anonymous", "label:adult", "read", "deny") })
}

/// The resources and actions that become allowed, and those that become denied.
fn changed(changes: &Value) -> [Vec<String>; 2] {
    ["gained", "lost"].map(|kind| {
        let verdicts = changes[kind].as_array().unwrap().iter();
        let text = |it: &Value| {
            format!("{} {}", it["action"].as_str().unwrap(), it["resource"].as_str().unwrap())
        };
        verdicts.map(text).collect()
    })
}

#[tokio::test]
async fn a_preview_tells_who_gains_and_loses_what_and_changes_nothing() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    create_role(&root, "editor", &["subscriber"]).await;
    for (login, role) in [("ada", "editor"), ("bob", "editor"), ("cleo", "subscriber")] {
        grant(&root, &server.register(login).await.id, role).await;
    }
    let dan = server.register("dan").await;
    let (state, revision) =
        (server.database.count(STATE).await, server.database.count(REVISION).await);
    let changes = [
        deny_adult(),
        json!({ "create_rule": rule(140, "editor", "label:adult", "read", "allow") }),
        json!({ "create_rule": rule(140, "editor", "film:*", "write", "allow") }),
        json!({ "grant_role": { "user": "dan", "role": "editor" } }),
    ];
    let answer = preview(&root, &changes).await.expect(200, "");
    let told = answer.json();
    assert_eq!(answer.header("etag"), format!("\"{revision}\""));
    assert_eq!(told["revision"], revision);
    let nothing: Vec<String> = vec![];
    assert_eq!(changed(&told["guest"]), [nothing.clone(), vec!["read label:adult".into()]]);
    let lost = &told["guest"]["lost"][0];
    assert_eq!(
        (&lost["rule_before"]["resource"], &lost["rule"]["priority"]),
        (&json!("*"), &json!(150))
    );
    let write = vec!["write film:*".to_owned()];
    let new = vec!["write film:*".to_owned(), "read label:new".to_owned()];
    let users: Vec<_> = told["users"].as_array().unwrap().iter().collect();
    let of = |before: Value, after: Value| {
        let found = users.iter().find(|it| it["roles_before"] == before && it["roles"] == after);
        let found = found.unwrap_or_else(|| panic!("{before} {after} in {told}"));
        (found["users"].clone(), changed(&found["changes"]))
    };
    assert_eq!(of(json!(["editor"]), json!(["editor"])), (json!(2), [write, nothing.clone()]));
    assert_eq!(of(json!([]), json!(["editor"])), (json!(1), [new, nothing.clone()]));
    let adult = vec!["read label:adult".to_owned()];
    assert_eq!(of(json!(["subscriber"]), json!(["subscriber"])), (json!(1), [nothing, adult]));
    assert_eq!((users.len(), &told["unaffected_users"]), (3, &json!(1)), "{told}");
    assert!(told["missing"].as_str().unwrap().contains("ELASTICSEARCH_URL"));
    assert_eq!(told["guest"]["films"], Value::Null);

    assert_eq!(server.database.count(STATE).await, state);
    assert_eq!(server.database.count(REVISION).await, revision);
    assert!(root.items(&format!("users/{}/roles", dan.id)).await.is_empty());
}

const LABELS: &str =
    "[[label]]\nname = \"new\"\nwithin = { field = \"release_date\", period = \"P1Y\" }\n";

/// Films with labels: so many of each kind.
async fn films(kinds: &[(&[&str], usize)]) -> Index {
    let index = Index::new();
    let created = elastic(&index.server, &index.name).await;
    created.create_index(&LabelRules::parse(LABELS).unwrap()).await.unwrap();
    let mut films = Vec::new();
    for (labels, number) in kinds {
        for n in 0..*number {
            let id = format!("{}-{n}", labels.join("-"));
            let access = json!({ "labels": labels, "labelled_at": "2025-01-01T00:00:00Z" });
            let film = json!({ "id": id, "title": format!("Title of {id}"), "access": access });
            films.push((id, film));
        }
    }
    index.put_all(films).await;
    index
}

#[tokio::test]
async fn films_are_counted_and_the_preview_equals_what_happens() {
    let index = films(&[(&["adult"], 7), (&["adult", "new"], 2), (&[], 5)]).await;
    let settings = [("ELASTICSEARCH_URL", &*index.server), ("FILMS_INDEX", &*index.name)];
    let server = TestServer::with(&settings).await;
    let root = server.superuser().await;
    let found = async || {
        let filter =
            server.guest().post("filter", &json!({ "action": "read", "type": "film" })).await;
        index.count(filter.ok()["query"].clone()).await
    };
    let told = preview(&root, &[deny_adult()]).await.ok();
    let films = &told["guest"]["films"];
    let counts = ["before", "after", "gained", "lost"].map(|name| films[name].as_u64().unwrap());
    assert_eq!(counts, [12, 5, 0, 7], "{told}");
    assert_eq!(films["lost_samples"].as_array().unwrap().len(), 5);
    assert_eq!(films["lost_samples"][0], json!({ "id": "adult-0", "title": "Title of adult-0" }));
    assert_eq!((found().await, &told["missing"]), (12, &Value::Null));
    apply(&root, &[deny_adult()]).await.expect(200, "");
    assert_eq!(found().await, 5);
    let open = json!({ "create_rule": rule(5, "anonymous", "label:*", "read", "allow") });
    let told = preview(&root, &[open]).await.ok();
    let films = &told["guest"]["films"];
    let counts = ["before", "after", "gained", "lost"].map(|name| films[name].as_u64().unwrap());
    assert_eq!(counts, [5, 14, 9, 0], "{told}");
    let writing = json!({ "changes": [deny_adult()], "action": "write" });
    let told = root.post("policy/preview", &writing).await.ok();
    assert_eq!(told["guest"]["films"]["before"], 0);
}

#[tokio::test]
async fn films_that_cannot_be_counted_are_a_problem() {
    let index = films(&[(&["adult"], 1)]).await;
    let (proxy, url) = Proxy::to_url(&index.server).await;
    let settings = [("ELASTICSEARCH_URL", &*url), ("FILMS_INDEX", &*index.name)];
    let server = TestServer::with(&settings).await;
    let root = server.superuser().await;
    preview(&root, &[deny_adult()]).await.expect(200, "");
    proxy.cut();
    preview(&root, &[deny_adult()]).await.expect(503, "films_unavailable");
    // Nothing else depends on them.
    apply(&root, &[deny_adult()]).await.expect(200, "");
    let unusable = Index::new();
    let mapping = json!({ "mappings": { "properties": { "id": { "type": "text" } } } });
    unusable.request(reqwest::Method::PUT, "", Some(mapping)).await;
    let settings = [("ELASTICSEARCH_URL", &*index.server), ("FILMS_INDEX", &*unusable.name)];
    let other = server.replica(&settings).await;
    preview(&root.at(&other.url), &[deny_adult()]).await.expect(503, "catalogue_unusable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_has_one_preview_at_a_time() {
    let server = with_many_rules().await;
    let root = server.superuser().await;
    let changes = [deny_adult()];
    let previews = join_all((0..8).map(|_| preview(&root, &changes))).await;
    let (told, refused): (Vec<_>, Vec<_>) = previews.into_iter().partition(|it| it.status == 200);
    assert!(!told.is_empty() && !refused.is_empty(), "{}", told.len());
    for answer in refused {
        assert_eq!(answer.expect(503, "preview_running").header("retry-after"), "1");
    }
    preview(&root, &changes).await.expect(200, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_waits_for_a_place_among_large_evaluations() {
    let server = with_many_rules().await;
    let root = server.superuser().await;
    let ask = async |_: usize| {
        loop {
            root.get("policy").await;
        }
    };
    let flood = join_all((0..60).map(ask));
    let refused = until("it is refused", async || {
        let answer = preview(&root, &[deny_adult()]).await;
        answer.status == 503 && answer.code() == "evaluation_busy"
    });
    tokio::select! {
        _ = flood => {}
        _ = refused => {}
    }
}

/// A thousand sets of roles with so many rules take more than ten seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_preview_ends_after_ten_seconds() {
    let database = Database::migrated().await;
    for statement in [
        "INSERT INTO roles (name, created_at, revision)
             SELECT 'r' || n, now(), 1 FROM generate_series(1, 1000) n",
        "INSERT INTO rules (priority, role, resource, action, effect, created_at, revision)
             SELECT 500, 'anonymous', 'film:f' || n, 'read', 'deny', now(), 1
             FROM generate_series(1, 50000) n",
        "INSERT INTO users (id, login, login_key, created_at)
             SELECT gen_random_uuid(), 'u' || n, 'u' || n, now() FROM generate_series(1, 1000) n",
        "INSERT INTO user_roles (user_id, role, granted_at)
             SELECT id, 'r' || substr(login, 2), now() FROM users",
    ] {
        database.execute(statement).await;
    }
    let server = TestServer::on_database(database, &[]).await;
    let root = server.superuser().await;
    let answer = preview(&root, &[deny_adult()]).await.expect(503, "preview_timed_out");
    assert_eq!(answer.header("retry-after"), "10");
    server.guest().post("filter", &json!({ "action": "read", "type": "film" })).await.ok();
}
