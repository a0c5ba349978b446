//! `POST /access/v1/search/…`: pages, and what is not known.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::{Database, TestServer};

use super::{
    ACTIONS, EVALUATION, RESOURCES, SUBJECTS, Scenario, named, record, user, with_role, with_status,
};

fn readers() -> Value {
    json!({ "subject": { "type": "user" }, "action": named("read"), "resource": record("record-1") })
}

/// All results, page by page, each of at most `limit`.
async fn pages(scenario: &Scenario, path: &str, body: &Value, limit: u32) -> Vec<Value> {
    let (mut results, mut token) = (Vec::new(), String::new());
    loop {
        let mut request = body.clone();
        request["page"] = json!({ "token": token, "limit": limit });
        let page = scenario.post(path, &request).await.ok();
        let found = page["results"].as_array().unwrap();
        assert!(found.len() <= limit as usize && page["page"]["count"] == found.len());
        results.extend(found.iter().cloned());
        page["page"]["next_token"].as_str().unwrap().clone_into(&mut token);
        if token.is_empty() {
            assert_eq!(page["page"]["total"], results.len());
            return results;
        }
    }
}

#[tokio::test]
async fn a_search_is_answered_in_pages() {
    let scenario = Scenario::start().await;
    for login in ["dora", "a\\b", "q\"q"] {
        scenario.server.register(login).await;
    }
    let resources = json!({
        "subject": user("root"), "action": named("write"), "resource": { "type": "record" },
    });
    let actions = json!({ "subject": user("root"), "resource": record("record-1") });
    for (path, body, count) in
        [(SUBJECTS, readers(), 6), (RESOURCES, resources, 2), (ACTIONS, actions, 3)]
    {
        let whole = scenario.post(path, &body).await.ok();
        assert_eq!(whole["page"], json!({ "next_token": "", "count": count, "total": count }));
        for limit in [1, 2, 5, 2_000] {
            let pages = pages(&scenario, path, &body, limit).await;
            assert_eq!(json!(pages), whole["results"], "{path} {limit}");
        }
        for page in [json!({ "limit": 0 }), json!({ "limit": -1 }), json!({ "token": "x" })] {
            let mut request = body.clone();
            request["page"] = page;
            scenario.post(path, &request).await.expect(400, "field_invalid");
        }
    }
    assert_snapshot!(scenario.post(ACTIONS, &actions_of("alice")).await, @r#"
    200
    {
      "page": {
        "count": 3,
        "next_token": "",
        "total": 3
      },
      "results": [
        {
          "name": "delete",
          "properties": {
            "soft": "true"
          }
        },
        {
          "name": "read"
        },
        {
          "name": "write"
        }
      ]
    }
    "#);
}

fn actions_of(id: &str) -> Value {
    json!({ "subject": user(id), "resource": record("record-1") })
}

#[tokio::test]
async fn every_result_is_an_allowed_evaluation() {
    let scenario = Scenario::start().await;
    for resource in [record("record-1"), with_status("record-2", "archived")] {
        for action in ["read", "write"] {
            let search = json!({
                "subject": { "type": "user" }, "action": named(action), "resource": resource,
            });
            let found = scenario.find(SUBJECTS, search).await;
            for id in ["alice", "bob", "root"] {
                let body = json!({
                    "subject": user(id), "action": named(action), "resource": resource,
                });
                let decision = scenario.post(EVALUATION, &body).await.ok();
                let is_found = found.contains(&id.to_owned());
                assert_eq!(decision["decision"], is_found, "{body}");
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_id_or_type_has_no_results() {
    let scenario = Scenario::start().await;
    let spaceship = json!({ "type": "spaceship", "id": "x" });
    let (read, records) = (named("read"), json!({ "type": "record" }));
    for (path, body) in [
        (
            SUBJECTS,
            json!({ "subject": { "type": "robot" }, "action": read, "resource": record("record-1") }),
        ),
        (SUBJECTS, json!({ "subject": { "type": "user" }, "action": read, "resource": spaceship })),
        (RESOURCES, json!({ "subject": user("carol"), "action": read, "resource": records })),
        (
            RESOURCES,
            json!({ "subject": user("alice"), "action": read, "resource": { "type": "spaceship" } }),
        ),
        (
            RESOURCES,
            json!({ "subject": user("alice"), "action": read, "resource": { "type": "a:b" } }),
        ),
        (
            RESOURCES,
            json!({ "subject": user("alice"), "action": named("fly"), "resource": records }),
        ),
        (
            RESOURCES,
            json!({ "subject": with_role("carol", "superuser"), "action": read, "resource": records }),
        ),
        (ACTIONS, json!({ "subject": user("carol"), "resource": record("record-1") })),
        (ACTIONS, json!({ "subject": user("alice"), "resource": spaceship })),
    ] {
        let page = scenario.post(path, &body).await.ok();
        let empty = json!({ "next_token": "", "count": 0, "total": 0 });
        assert_eq!(page, json!({ "page": empty, "results": [] }), "{path} {body}");
    }
    // What properties say about the resources counts.
    let labelled = json!({ "type": "record", "properties": { "status": "archived" } });
    let body = json!({ "subject": user("alice"), "action": named("write"), "resource": labelled });
    assert!(scenario.find(RESOURCES, body).await.is_empty());
    let invalid = json!({ "type": "record", "properties": { "status": "No label" } });
    let body = json!({ "subject": user("root"), "action": named("write"), "resource": invalid });
    assert!(scenario.find(RESOURCES, body).await.is_empty());
}

#[tokio::test]
async fn films_that_rules_open_by_name_are_found() {
    let scenario = Scenario::start().await;
    let rule = crate::rules::rule(5, "editor", "film:f1", "read", "allow");
    scenario.root.post("rules", &rule).await.expect(201, "");
    let films = json!({
        "subject": user("alice"), "action": named("read"), "resource": { "type": "film" },
    });
    assert_eq!(scenario.find(RESOURCES, films).await, ["f1"]);
    let film = json!({ "type": "film", "id": "unnamed", "properties": { "labels": [] } });
    let readers =
        json!({ "subject": { "type": "user" }, "action": named("read"), "resource": film });
    assert_eq!(scenario.find(SUBJECTS, readers).await, ["alice", "bob", "root"]);
}

#[tokio::test]
async fn a_page_considers_a_bounded_number_of_accounts() {
    let database = Database::migrated().await;
    let users = "INSERT INTO users (id, login, login_key, created_at)
                 SELECT gen_random_uuid(), 'x' || n, 'x' || n, now()
                 FROM generate_series(10001, 12500) n";
    database.execute(users).await;
    let scenario = Scenario::on(TestServer::on_database(database, &[]).await).await;
    // Nobody but these two may, first and last in the order of logins.
    let zoe = scenario.server.register("zoe").await;
    crate::users::grant(&scenario.root, &zoe.id, "editor").await;
    let writers = json!({
        "subject": { "type": "user" }, "action": named("write"), "resource": record("r"),
    });
    let first = scenario.post(SUBJECTS, &writers).await.ok();
    assert_eq!(first["page"]["total"], 4);
    assert_ne!(first["page"]["next_token"], "");
    let all = pages(&scenario, SUBJECTS, &writers, 50).await;
    let ids: Vec<&str> = all.iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["alice", "bob", "root", "zoe"]);
}

#[tokio::test]
async fn results_are_not_counted_among_very_many_accounts() {
    let database = Database::migrated().await;
    let users = "INSERT INTO users (id, login, login_key, created_at)
                 SELECT gen_random_uuid(), 'x' || n, 'x' || n, now()
                 FROM generate_series(1, 10000) n";
    database.execute(users).await;
    let scenario = Scenario::on(TestServer::on_database(database, &[]).await).await;
    let page = scenario.post(SUBJECTS, &readers()).await.ok();
    assert_eq!((page["page"]["count"].clone(), page["page"].get("total")), (json!(50), None));
}
