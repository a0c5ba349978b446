//! Which revisions are kept: all, unless a server of an earlier version has written.

use serde_json::json;
use tests::{TestServer, until};

use super::{policy, present, restore, restored, text_at};
use crate::roles::create_role;
use crate::rules::create_rule;
use crate::unavailable::restored_database;

#[tokio::test]
async fn a_revision_that_does_not_exist_yet_is_not_found() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let last = present(&root).await;
    for unknown in [last + 1, -1, i64::MAX] {
        let path = format!("policy/revisions/{unknown}");
        root.get(&path).await.expect(404, "revision_not_found");
        root.get(&format!("{path}/changes")).await.expect(404, "revision_not_found");
        root.get(&format!("policy/revisions/1/changes?to={unknown}"))
            .await
            .expect(404, "revision_not_found");
        restore(&root, unknown).await.expect(404, "revision_not_found");
    }
}

#[tokio::test]
async fn before_the_shipped_rules_there_were_none() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    assert_eq!(text_at(&root, 0).await, "");
    // Except for the superuser's, which cannot be removed.
    restored(&root, 0).await;
    assert_eq!(policy(&root).await.0, "p, 0, superuser, *, *, allow\n");
}

/// A write as a server of an earlier version makes it: nothing is kept of what it replaced.
async fn write_as_an_old_server(server: &TestServer, rule: i64) {
    let write = format!(
        "BEGIN;
         UPDATE rules SET effect = 'deny', revision = revision + 1 WHERE id = {rule};
         UPDATE policy_state SET revision = revision + 1;
         INSERT INTO policy_journal SELECT p.revision, now(), jsonb_build_object(
             'roles_of', '[]'::jsonb, 'changes', jsonb_build_array(jsonb_build_object(
                 'change', 'rule_set', 'id', r.id, 'priority', r.priority, 'role', r.role,
                 'resource', r.resource, 'action', r.action, 'effect', r.effect)))
             FROM policy_state p, rules r WHERE r.id = {rule};
         COMMIT"
    );
    server.database.execute(&write).await;
}

#[tokio::test]
async fn nothing_before_a_write_of_an_old_server_is_reconstructed() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let id = create_rule(&root, 70, "anonymous", "film:a", "allow").await;
    let lost = present(&root).await;
    write_as_an_old_server(&server, id).await;
    let (old, written) = (lost, lost + 1);
    server.wait_for_revision(written).await;
    // What it wrote is the present.
    assert!(text_at(&root, written).await.contains("film:a, read, deny"));
    for path in ["", "/changes"] {
        let path = format!("policy/revisions/{old}{path}");
        root.get(&path).await.expect(404, "revision_not_kept");
    }
    restore(&root, old).await.expect(404, "revision_not_kept");
    // From then on, everything is kept again.
    create_role(&root, "critic", &[]).await;
    root.patch("roles/critic", &json!({ "description": "Writes." })).await.expect(200, "");
    root.get(&format!("policy/revisions/{old}")).await.expect(404, "revision_not_kept");
    let text = text_at(&root, written).await;
    assert!(text.contains("film:a, read, deny") && !text.contains("critic"), "{text}");
    let changes = format!("policy/revisions/{written}/changes?to={old}");
    root.get(&changes).await.expect(404, "revision_not_kept");
    restored(&root, written).await;
    assert_eq!(policy(&root).await.0, text);
}

#[tokio::test]
async fn what_a_restored_database_has_lost_is_not_kept_and_the_rest_is() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    create_rule(&root, 70, "subscriber", "film:a", "allow").await;
    let (text, revision) = (policy(&root).await.0, present(&root).await);
    create_rule(&root, 71, "subscriber", "film:b", "allow").await;
    create_rule(&root, 72, "subscriber", "film:c", "allow").await;
    let lost = present(&root).await;
    restored_database::restore(&server.database, revision, true).await;
    until("reloaded", async || policy(&root).await.0 == text).await;
    create_rule(&root, 73, "subscriber", "film:d", "allow").await;
    assert_eq!(text_at(&root, revision).await, text);
    assert_eq!(text_at(&root, lost + 1).await, text);
    for lost in [lost - 1, lost] {
        root.get(&format!("policy/revisions/{lost}")).await.expect(404, "revision_not_kept");
    }
    let listed = root.items("policy/revisions").await;
    let listed: Vec<i64> = listed.iter().filter_map(|line| line["revision"].as_i64()).collect();
    assert_eq!(listed, [lost + 2, revision, 1]);
}
