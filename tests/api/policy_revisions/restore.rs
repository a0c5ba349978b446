//! Restoring a revision.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::TestServer;

use super::{policy, present, restore, restore_if, restored, text_at};
use crate::check::{film, may_read_new, read};
use crate::escalation::manager::root_and_manager;
use crate::roles::create_role;
use crate::rules::{create_rule, rule};
use crate::users::{grant, revoke};

#[tokio::test]
async fn rules_inheritance_and_descriptions_are_as_they_were_in_one_revision() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let critic = json!({ "name": "critic", "description": "Writes.", "inherits": ["subscriber"] });
    root.post("roles", &critic).await.expect(201, "");
    let changed = create_rule(&root, 70, "critic", "film:a", "allow").await;
    let removed = create_rule(&root, 71, "critic", "film:b", "allow").await;
    let (text, _) = policy(&root).await;
    let revision = present(&root).await;
    let before = (root.items("rules").await, root.get("roles/critic").await.ok());

    let patch = json!({ "description": "Reads.", "inherits": [] });
    root.patch("roles/critic", &patch).await.expect(200, "");
    let other = rule(70, "critic", "film:z", "read", "deny");
    root.put(&format!("rules/{changed}"), &other).await.expect(200, "");
    root.delete(&format!("rules/{removed}")).await.expect(200, "");
    create_role(&root, "helper", &["critic"]).await;
    create_role(&root, "editor", &["helper"]).await;
    create_rule(&root, 1, "anonymous", "label:new", "allow").await;
    assert!(may_read_new(&server.guest()).await);
    let (bad, last) = (policy(&root).await.0, present(&root).await);

    let answer = restore(&root, revision).await.expect(200, "");
    assert_eq!(answer.header("etag"), format!("\"{}\"", last + 1));
    let done = answer.json();
    let expected = json!({
        "revision": last + 1, "restored": revision, "changed_rules": 3, "changed_roles": 3,
        "kept_roles": [], "warnings": [],
    });
    assert_eq!(done, expected);
    assert_eq!(policy(&root).await.0, text);
    assert!(!may_read_new(&server.guest()).await);
    // Rules have their ids again, and whatever was written has a new ETag.
    let ids = |rules: &[Value]| rules.iter().map(|rule| rule["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&root.items("rules").await), ids(&before.0));
    let role = root.get("roles/critic").await.ok();
    for field in ["description", "inherits"] {
        assert_eq!(role[field], before.1[field]);
    }
    assert_eq!(role["revision"], last + 1);
    for gone in ["helper", "editor"] {
        root.get(&format!("roles/{gone}")).await.expect(404, "role_not_found");
    }
    // Audited once, with the policy before and after.
    let line = root.get("audit?limit=1").await.ok()["items"][0].clone();
    assert_eq!(
        (&line["operation"], &line["target"]),
        (&json!("restore_policy_revision"), &json!("policy"))
    );
    assert_eq!((&line["before"]["text"], &line["after"]["text"]), (&json!(bad), &json!(text)));
    assert!(text.contains("role, critic  # Writes.\n") && bad.contains("role, critic  # Reads.\n"));
    // A restoration is a revision like any other.
    assert_eq!(text_at(&root, last).await, bad);
    let difference = root.get(&format!("policy/revisions/{revision}/changes")).await.ok();
    assert_eq!(
        (&difference["changed_rules"], &difference["changed_roles"]),
        (&json!(0), &json!(0))
    );
    // Other servers follow it.
    let other = server.replica(&[]).await;
    assert_eq!(root.at(&other.url).get("policy").await.expect(200, "").text, text);
}

#[tokio::test]
async fn what_was_revoked_is_not_granted_again_and_what_was_granted_stays() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    let bob = server.register("bob").await;
    grant(&root, &ada.id, "subscriber").await;
    let revision = present(&root).await;
    revoke(&root, &ada.id, "subscriber").await;
    grant(&root, &bob.id, "subscriber").await;
    create_rule(&root, 1, "subscriber", "label:new", "deny").await;
    assert!(!may_read_new(&bob).await);
    restored(&root, revision).await;
    assert!(may_read_new(&bob).await && !may_read_new(&ada).await);
    let roles = root.get(&format!("users/{}/roles", ada.id)).await.ok();
    assert!(!roles.to_string().contains("subscriber"), "{roles}");
}

#[tokio::test]
async fn a_role_that_users_have_is_kept_without_rights() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    let (text, revision) = (policy(&root).await.0, present(&root).await);
    create_role(&root, "base", &["subscriber"]).await;
    let critic = json!({ "name": "critic", "description": "Writes.", "inherits": ["base"] });
    root.post("roles", &critic).await.expect(201, "");
    create_rule(&root, 1, "critic", "film:x", "deny").await;
    grant(&root, &ada.id, "critic").await;
    assert!(may_read_new(&ada).await);
    let done = restored(&root, revision).await;
    assert_eq!(done["kept_roles"], json!([{ "role": "critic", "users": 1 }]));
    assert_eq!(
        policy(&root).await.0,
        text.replacen("role, ", "role, critic  # Writes.\nrole, ", 1)
    );
    let kept = root.get("roles/critic").await.ok();
    assert_eq!((&kept["description"], &kept["inherits"]), (&json!("Writes."), &json!([])));
    assert!(!may_read_new(&ada).await);
    let read_x =
        json!({ "action": "read", "resource": { "type": "film", "id": "x", "labels": [] } });
    assert_eq!(ada.post("check", &read_x).await.ok()["allowed"], true);
    let roles = root.get(&format!("users/{}/roles", ada.id)).await.ok();
    assert!(roles.to_string().contains("critic"), "{roles}");
    // Again: nothing changes, and the answer says why it is not the same.
    let last = present(&root).await;
    let again = restored(&root, revision).await;
    assert_eq!((&again["revision"], &again["changed_roles"]), (&json!(last), &json!(0)));
    assert_eq!(again["kept_roles"], done["kept_roles"]);
}

#[tokio::test]
async fn the_name_of_a_deleted_role_stays_reserved() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    create_role(&root, "critic", &[]).await;
    let (text, revision) = (policy(&root).await.0, present(&root).await);
    create_rule(&root, 70, "subscriber", "film:a", "allow").await;
    root.delete("roles/critic").await.expect(200, "");
    let (present_text, last) = (policy(&root).await.0, present(&root).await);
    let refused = restore(&root, revision).await.expect(409, "role_name_reserved");
    assert!(refused.string("detail").contains("critic"), "{refused}");
    assert_eq!((policy(&root).await.0, present(&root).await), (present_text, last));
    server.database.execute("UPDATE role_tombstones SET reserved_until = now()").await;
    restored(&root, revision).await;
    assert_eq!(policy(&root).await.0, text);
}

#[tokio::test]
async fn a_restoration_names_the_policy_that_it_replaces() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let (_, seen) = policy(&root).await;
    create_rule(&root, 70, "subscriber", "film:a", "allow").await;
    root.post_empty("policy/revisions/1/restore").await.expect(428, "precondition_required");
    restore_if(&root, &seen, 1).await.expect(412, "precondition_failed");
    // A grant is a revision, too.
    let (_, seen) = policy(&root).await;
    grant(&root, &root.id, "subscriber").await;
    restore_if(&root, &seen, 1).await.expect(412, "precondition_failed");
    restored(&root, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_restorations_at_the_same_time_one_is_made() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let other = server.replica(&[]).await;
    let mut revisions = vec![present(&root).await];
    for film in ["film:a", "film:b", "film:c"] {
        create_rule(&root, 70, "subscriber", film, "allow").await;
        revisions.push(present(&root).await);
    }
    for _ in 0..5 {
        let (_, tag) = policy(&root).await;
        other.wait_for_revision(present(&root).await).await;
        let callers = [root.caller.clone(), root.at(&other.url)];
        let wanted = [revisions[0], revisions[1]];
        let restorations = (0..2).map(|n| restore_if(&callers[n], &tag, wanted[n]));
        let answers = join_all(restorations).await;
        let made: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(made.len(), 1, "{answers:?}");
        for refused in answers.iter().filter(|answer| answer.status != 200) {
            assert_eq!(refused.problem(), (412, "precondition_failed".to_owned()));
        }
        let restored = made[0].json()["restored"].as_i64().unwrap();
        assert_eq!(policy(&root).await.0, text_at(&root, restored).await);
        create_rule(&root, 70, "subscriber", "film:d", "allow").await;
    }
}

#[tokio::test]
async fn a_restoration_that_is_sent_again_is_made_once() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let revision = present(&root).await;
    create_rule(&root, 70, "subscriber", "film:a", "allow").await;
    for key in ["changes", "no changes"] {
        let key = key.replace(' ', "-");
        let (_, tag) = policy(&root).await;
        let send = async || {
            let path = format!("policy/revisions/{revision}/restore");
            let request = root.request(Method::POST, &path).header("if-match", &tag);
            root.send(request.header("idempotency-key", &key)).await.expect(200, "")
        };
        let first = send().await;
        let again = send().await;
        assert_eq!((first.json(), first.header("etag")), (again.json(), again.header("etag")));
    }
    let restorations = "SELECT count(*) FROM audit WHERE operation = 'restore_policy_revision'";
    assert_eq!(server.database.count(restorations).await, 2);
}

#[tokio::test]
async fn an_admin_restores_only_what_they_may_write() {
    let server = TestServer::start().await;
    let (root, manager) = root_and_manager(&server).await;
    let start = present(&root).await;
    // A rule on the server's own routes, back and forth.
    let id = root.post("rules", &rule(60, "subscriber", "route:x", "GET", "deny")).await.ok()["id"]
        .clone();
    let with_rule = present(&root).await;
    restore(&manager, start).await.expect(422, "escalation");
    restored(&root, start).await;
    restore(&manager, with_rule).await.expect(422, "escalation");
    root.get(&format!("rules/{id}")).await.expect(404, "rule_not_found");
    // Inheritance from a role that reaches such rules.
    create_role(&root, "helper", &[]).await;
    let without = present(&root).await;
    root.patch("roles/helper", &json!({ "inherits": ["manager"] })).await.expect(200, "");
    let with_inheritance = present(&root).await;
    restore(&manager, without).await.expect(422, "escalation");
    restored(&root, without).await;
    restore(&manager, with_inheritance).await.expect(422, "escalation");
    // The rest they may.
    create_rule(&manager, 61, "subscriber", "film:a", "deny").await;
    manager.patch("roles/manager", &json!({ "description": "Manages." })).await.expect(200, "");
    assert_eq!(restored(&manager, without).await["changed_rules"], 1);
}

#[tokio::test]
async fn a_service_client_and_a_user_restore_nothing() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    create_role(&root, "auditor", &[]).await;
    let read_only = rule(50, "auditor", "route:/api/v1/policy*", "GET", "allow");
    root.post("rules", &read_only).await.expect(201, "");
    grant(&root, &ada.id, "auditor").await;
    ada.get("policy/revisions/1").await.expect(200, "");
    restore(&ada, 1).await.expect(403, "forbidden");
    assert_eq!(read(&ada, film(&[])).await.status, 200);
}
