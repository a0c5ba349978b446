//! Listing and comparing revisions.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::TestServer;

use super::present;
use crate::roles::create_role;
use crate::rules::{create_rule, rule};
use crate::users::grant;

#[tokio::test]
async fn revisions_are_listed_newest_first_with_their_author_and_without_grants() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    create_role(&root, "critic", &["subscriber"]).await;
    grant(&root, &ada.id, "critic").await;
    let id = create_rule(&root, 70, "critic", "film:*", "allow").await;
    let page = root.get("policy/revisions?limit=2").await;
    let shown = page.to_string().replace(page.json()["next"].as_str().unwrap(), "[cursor]");
    assert_snapshot!(shown.replace(&format!("rule:{id}"), "rule:[rule]"), @r#"
    200
    {
      "items": [
        {
          "at": "[time]",
          "by": "[id]",
          "by_login": "root",
          "operation": "create_rule",
          "revision": 5,
          "roles": 0,
          "rules": 1,
          "target": "rule:[rule]",
          "via": "api"
        },
        {
          "at": "[time]",
          "by": "[id]",
          "by_login": "root",
          "operation": "create_role",
          "revision": 3,
          "roles": 1,
          "rules": 0,
          "target": "role:critic",
          "via": "api"
        }
      ],
      "next": "[cursor]"
    }
    "#);
    let all = root.items("policy/revisions?limit=1").await;
    let revisions: Vec<(i64, &str)> = all
        .iter()
        .map(|line| (line["revision"].as_i64().unwrap(), line["operation"].as_str().unwrap()))
        .collect();
    assert_eq!(revisions, [(5, "create_rule"), (3, "create_role"), (1, "migrate")]);
    let shipped = all.last().unwrap();
    assert_eq!((&shipped["via"], &shipped["by"]), (&json!("cli"), &Value::Null));
    assert_eq!((&shipped["rules"], &shipped["roles"]), (&json!(5), &json!(1)));
    // The author's account is gone, the revision stays.
    root.delete(&format!("rules/{id}")).await.expect(200, "");
    grant(&root, &ada.id, "superuser").await;
    server.database.execute("DELETE FROM users WHERE login = 'root'").await;
    let ada = server.log_in("ada").await;
    let last = ada.get("policy/revisions?limit=1").await.ok()["items"][0].clone();
    assert_eq!((&last["by"], &last["by_login"]), (&json!(root.id), &Value::Null));
}

#[tokio::test]
async fn two_revisions_differ_in_what_was_written_between_them() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    create_role(&root, "critic", &[]).await;
    let changed = create_rule(&root, 70, "critic", "film:a", "allow").await;
    let removed = create_rule(&root, 71, "critic", "film:b", "allow").await;
    let first = present(&root).await;
    let patch = json!({ "description": "Writes.", "inherits": ["subscriber"] });
    root.patch("roles/critic", &patch).await.expect(200, "");
    let body = rule(70, "critic", "film:a", "read", "deny");
    root.put(&format!("rules/{changed}"), &body).await.expect(200, "");
    root.delete(&format!("rules/{removed}")).await.expect(200, "");
    create_role(&root, "editor", &[]).await;
    let added = create_rule(&root, 72, "editor", "film:c", "allow").await;
    let second = present(&root).await;
    let difference = root.get(&format!("policy/revisions/{first}/changes")).await.ok();
    assert_eq!((&difference["from"], &difference["to"]), (&json!(first), &json!(second)));
    assert_eq!(difference["changed_rules"], 3);
    assert_eq!(difference["changed_roles"], 2);
    let [one, two, three] = &*difference["rules"].as_array().unwrap().clone() else {
        panic!("{difference:#}")
    };
    let ids = [&one["id"], &two["id"], &three["id"]];
    assert_eq!(ids, [&json!(changed), &json!(removed), &json!(added)]);
    assert_eq!(
        (&one["before"]["effect"], &one["after"]["effect"]),
        (&json!("allow"), &json!("deny"))
    );
    assert_eq!((&two["before"]["resource"], &two["after"]), (&json!("film:b"), &Value::Null));
    assert_eq!((&three["before"], &three["after"]["role"]), (&Value::Null, &json!("editor")));
    let expected = json!([
        {
            "name": "critic", "before": { "description": "", "inherits": [] },
            "after": { "description": "Writes.", "inherits": ["subscriber"] },
        },
        { "name": "editor", "before": null, "after": { "description": "", "inherits": [] } },
    ]);
    assert_eq!(difference["roles"], expected);

    // The other way round.
    let back = root.get(&format!("policy/revisions/{second}/changes?to={first}")).await.ok();
    for (there, back) in ["rules", "roles"].iter().flat_map(|kind| {
        let items = |of: &Value| of[kind].as_array().unwrap().clone();
        std::iter::zip(items(&difference), items(&back))
    }) {
        assert_eq!((&there["before"], &there["after"]), (&back["after"], &back["before"]));
    }
    let same = root.get(&format!("policy/revisions/{first}/changes?to={first}")).await.ok();
    assert_eq!((&same["rules"], &same["roles"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn a_long_difference_is_cut_and_counted() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let first = present(&root).await;
    // As an import writes it.
    let import = format!(
        "WITH made AS (
             INSERT INTO rules (priority, role, resource, action, effect, created_at, revision)
             SELECT 500, 'anonymous', 'film:f' || n, 'read', 'deny', now(), {first} + 1
             FROM generate_series(1, 1200) n RETURNING id
         ), journal AS (
             INSERT INTO policy_journal VALUES
                 ({first} + 1, now(), '{{\"changes\": [], \"roles_of\": []}}')
         ), state AS (UPDATE policy_state SET revision = {first} + 1)
         INSERT INTO policy_revisions
         SELECT {first} + 1, {first}, now(), NULL, 'cli', 'import_rules', 'policy', 1200, 0,
                jsonb_build_object('roles', '{{}}'::jsonb, 'rules', jsonb_object_agg(id, NULL))
         FROM made"
    );
    server.database.execute(&import).await;
    let difference = root.get(&format!("policy/revisions/{first}/changes")).await.ok();
    assert_eq!(difference["changed_rules"], 1_200);
    assert_eq!(difference["rules"].as_array().unwrap().len(), 1_000);
}
