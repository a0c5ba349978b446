//! `POST /api/v1/policy/changes`

use reqwest::Method;
use serde_json::{Value, json};
use tests::TestServer;

use super::{apply, apply_if};
use crate::rules::{create_rule, rule};

const RULES: &str = "SELECT count(*) FROM rules";
const REVISION: &str = "SELECT revision FROM policy_state";

#[tokio::test]
async fn changes_are_made_together_in_one_revision() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    let old = create_rule(&root, 50, "anonymous", "film:old", "deny").await;
    let before = server.database.count(REVISION).await;
    let changes = [
        json!({ "create_role": { "name": "critic", "inherits": ["subscriber"] } }),
        json!({ "create_rule": rule(60, "critic", "film:*", "review", "allow") }),
        json!({ "update_rule": { "id": old, "rule": rule(51, "anonymous", "film:f1", "read", "deny") } }),
        json!({ "update_role": { "name": "critic", "role": { "description": "Writes." } } }),
        json!({ "grant_role": { "user": "Ada", "role": "critic" } }),
        json!({ "revoke_role": { "user": ada.id, "role": "critic" } }),
        json!({ "grant_role": { "user": ada.id, "role": "critic" } }),
        json!({ "grant_role": { "user": ada.id, "role": "critic" } }),
        json!({ "create_role": { "name": "passing" } }),
        json!({ "delete_role": { "name": "passing" } }),
    ];
    let answer = apply(&root, &changes).await.expect(200, "");
    let applied = answer.json();
    assert_eq!(applied["revision"], before + 1);
    assert_eq!(answer.header("etag"), format!("\"{}\"", before + 1));
    let made = |at: usize| applied["changes"][at].clone();
    assert_eq!(made(0), json!({ "operation": "create_role", "target": "role:critic" }));
    assert_eq!(made(2), json!({ "operation": "update_rule", "target": format!("rule:{old}") }));
    assert_eq!(made(4)["target"], format!("user:{}", ada.id));
    // The second of two grants has nothing to change.
    assert_eq!(applied["changes"].as_array().unwrap().len(), changes.len() - 1);

    let film = json!({ "type": "film", "id": "f1", "labels": [] });
    let check = async |action: &str| {
        let asked = json!({ "action": action, "resource": film, "at_least": before + 1 });
        ada.post("check", &asked).await.ok()
    };
    assert_eq!(check("review").await["allowed"], true);
    assert_eq!(check("read").await["reason"]["code"], "denied_by_rule");
    let audit = root.items("audit?limit=1").await.remove(0);
    assert_eq!(
        (&audit["operation"], &audit["target"]),
        (&json!("apply_policy_changes"), &json!("policy"))
    );
    let audited = audit["after"]["changes"].as_array().unwrap();
    assert_eq!(audited.len(), changes.len() - 1);
    assert_eq!(audited[2]["before"]["resource"], "film:old");
    assert_eq!(audited[2]["after"]["resource"], "film:f1");
}

#[tokio::test]
async fn of_changes_with_a_mistake_none_is_made() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let (rules, revision) =
        (server.database.count(RULES).await, server.database.count(REVISION).await);
    let changes = [
        json!({ "create_role": { "name": "critic" } }),
        json!({ "create_rule": rule(60, "critic", "film:*", "review", "allow") }),
        json!({ "create_rule": rule(60, "nobody", "film:*", "review", "allow") }),
    ];
    let refused = apply(&root, &changes).await.expect(422, "role_unknown");
    assert_eq!(refused.field(), "changes[2].create_rule.role");
    root.get("roles/critic").await.expect(404, "role_not_found");
    assert_eq!(server.database.count(RULES).await, rules);
    assert_eq!(server.database.count(REVISION).await, revision);
}

#[tokio::test]
async fn each_change_has_to_be_valid_by_itself() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    // The rule would be deleted again.
    let open = json!({ "create_rule": rule(1, "anonymous", "*", "*", "allow") });
    let changes = [open, json!({ "delete_rule": { "id": 1 } })];
    let refused = apply(&root, &changes).await.expect(422, "escalation");
    assert_eq!(refused.field(), "changes[0].create_rule");
}

#[tokio::test]
async fn changes_are_based_on_the_policy_that_was_read() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let change = [json!({ "create_rule": rule(60, "anonymous", "film:f1", "read", "deny") })];
    let request = root.request(Method::POST, "policy/changes");
    let without = root.send(request.json(&json!({ "changes": change }))).await;
    let tag = root.get("policy").await.expect(200, "").header("etag").to_owned();
    assert!(without.expect(428, "precondition_required").text.contains(tag.trim_matches('"')));
    create_rule(&root, 61, "anonymous", "film:f2", "deny").await;
    apply_if(&root, &tag, &change).await.expect(412, "precondition_failed");
    let tag = root.get("policy").await.expect(200, "").header("etag").to_owned();
    apply_if(&root, &tag, &change).await.expect(200, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_changes_based_on_the_same_policy_one_is_made() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let tag = root.get("policy").await.expect(200, "").header("etag").to_owned();
    let replica = server.replica(&[]).await;
    let other = root.at(&replica.url);
    let apply = async |number: usize| {
        let change = json!({ "create_rule": rule(60, "anonymous", "film:f1", "read", "deny") });
        let caller = if number.is_multiple_of(2) { &root.caller } else { &other };
        apply_if(caller, &tag, &[change]).await
    };
    let answers = futures::future::join_all((0..8).map(apply)).await;
    let made = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(made, 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 412)));
}

#[tokio::test]
async fn changes_that_are_sent_again_are_made_once() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    let send = async |key: &str, changes: Value| {
        let request = root.request(Method::POST, "policy/changes").header("if-match", "*");
        let request = request.header("idempotency-key", key);
        root.send(request.json(&json!({ "changes": changes }))).await.expect(200, "")
    };
    let rule = json!([{ "create_rule": rule(60, "anonymous", "film:f1", "read", "deny") }]);
    let grant = json!([{ "grant_role": { "user": ada.id, "role": "subscriber" } }]);
    for (key, changes) in [("a", &rule), ("b", &grant), ("c", &grant)] {
        let first = send(key, changes.clone()).await;
        let again = send(key, changes.clone()).await;
        assert_eq!(first.json(), again.json());
        assert_eq!(first.header("etag"), again.header("etag"));
    }
    assert_eq!(server.database.count(RULES).await, 6);
}

#[tokio::test]
async fn an_admin_may_not_gain_privileges_with_a_list() {
    let server = TestServer::start().await;
    let (root, manager) = (server.superuser().await, server.register("manager").await);
    let role = json!({ "create_role": { "name": "manager" } });
    let right =
        json!({ "create_rule": rule(60, "manager", "route:/api/v1/policy*", "POST", "allow") });
    let grant = json!({ "grant_role": { "user": manager.id, "role": "manager" } });
    apply(&root, &[role, right, grant]).await.expect(200, "");
    let harmless = rule(70, "subscriber", "film:f1", "read", "deny");
    apply(&manager, &[json!({ "create_rule": harmless })]).await.expect(200, "");
    let role = json!({ "create_role": { "name": "helper" } });
    for (change, at) in [
        (json!({ "create_rule": rule(70, "manager", "route:/api/v1/rules", "POST", "allow") }), 1),
        (json!({ "create_rule": rule(70, "helper", "*", "read", "allow") }), 1),
        (json!({ "update_role": { "name": "helper", "role": { "inherits": ["manager"] } } }), 1),
        (json!({ "grant_role": { "user": manager.id, "role": "superuser" } }), 1),
        (json!({ "revoke_role": { "user": root.id, "role": "superuser" } }), 1),
    ] {
        let refused = apply(&manager, &[role.clone(), change]).await.expect(422, "escalation");
        assert!(refused.field().starts_with(&format!("changes[{at}]")), "{refused:?}");
    }
}
