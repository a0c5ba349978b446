//! The database holds an earlier or another state than the servers have read: a restored backup, or a
//! standby that took over before it had every write.

use std::time::Duration;

use tests::{Database, TestServer, until};

use crate::check::may_read_new;
use crate::rules::{create_rule, rule};
use crate::users::grant;

/// Within which every server follows.
const SECOND: Duration = Duration::from_secs(1);

async fn revision(database: &Database) -> i64 {
    database.count("SELECT revision FROM policy_state").await
}

/// Takes rules and grants back to what they were after this revision, with the journal or without.
pub(crate) async fn restore(database: &Database, revision: i64, with_journal: bool) {
    let journal = format!("DELETE FROM policy_journal WHERE revision > {revision};");
    let journal = if with_journal { &journal } else { "" };
    let restored = format!(
        "BEGIN;
         DELETE FROM rules WHERE revision > {revision};
         DELETE FROM user_roles WHERE role = 'subscriber';
         {journal}
         UPDATE policy_state SET revision = {revision};
         COMMIT"
    );
    database.execute(&restored).await;
}

async fn recoveries(server: &TestServer) -> String {
    let metrics = server.guest().at(&server.ops_url).get("/metrics").await.text;
    let line = metrics.lines().find(|line| line.starts_with("auth_policy_recoveries_total"));
    line.unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_follow_a_policy_that_was_restored() {
    let one = TestServer::start().await;
    let two = one.replica(&[]).await;
    let (root, ada) = (one.superuser().await, one.register("ada").await);
    let before = revision(&one.database).await;
    grant(&root, &ada.id, "subscriber").await;
    let opened = create_rule(&root, 50, "anonymous", "label:new", "allow").await;
    let guests = [one.guest(), two.guest(), ada.caller.clone(), ada.at(&two.url)];
    for guest in &guests {
        until("opened", async || may_read_new(guest).await).await;
    }
    let lost = revision(&one.database).await;
    restore(&one.database, before, true).await;
    for guest in &guests {
        let took = until("restored", async || !may_read_new(guest).await).await;
        assert!(took < SECOND, "{took:?}");
    }
    root.get(&format!("rules/{opened}")).await.expect(404, "rule_not_found");
    for server in [&one, &two] {
        assert_eq!(recoveries(server).await, "auth_policy_recoveries_total 1");
    }
    // A revision that a client remembers is not used for another state.
    create_rule(&root, 60, "anonymous", "label:new", "allow").await;
    let next = revision(&one.database).await;
    assert!(next > lost, "{next} {lost}");
    two.wait_for_revision(next).await;
    assert!(may_read_new(&two.guest()).await);
}

#[tokio::test]
async fn nothing_is_written_on_top_of_a_lost_policy() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for round in 0..5 {
        let before = revision(&server.database).await;
        create_rule(&root, 50, "anonymous", "label:new", "allow").await;
        restore(&server.database, before, round % 2 == 0).await;
        // At once, before the server has looked.
        let film = format!("film:other-{round}");
        let body = rule(50, "anonymous", &film, "read", "allow");
        let made = root.post("rules", &body).await.expect(201, "").json();
        assert!(!may_read_new(&server.guest()).await);
        let stored = revision(&server.database).await;
        assert_eq!(made["revision"].as_i64(), Some(stored));
        assert!(stored > before + 1, "the lost revision was used again");
    }
    assert_eq!(server.database.count("SELECT count(*) FROM rules").await, 10);
}

#[tokio::test]
async fn a_policy_with_as_many_but_other_writes_is_reloaded() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let made = create_rule(&root, 50, "anonymous", "label:new", "allow").await;
    assert!(may_read_new(&server.guest()).await);
    let other = format!(
        "BEGIN;
         UPDATE rules SET effect = 'deny' WHERE id = {made};
         UPDATE policy_journal SET at = at - interval '1 second'
         WHERE revision = (SELECT revision FROM policy_state);
         COMMIT"
    );
    server.database.execute(&other).await;
    let took = until("reloaded", async || !may_read_new(&server.guest()).await).await;
    assert!(took < SECOND, "{took:?}");
    assert_eq!(recoveries(&server).await, "auth_policy_recoveries_total 1");
}

#[tokio::test]
async fn all_revocations_are_read_on_a_new_connection() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    user.get("me").await.expect(200, "");
    // As in a restored database: written by a transaction that looks long past.
    let revocation = format!(
        "INSERT INTO revocations (user_id, sid, created_at, expires_at, written_by)
         VALUES ('{}', '{}', now(), now() + interval '10 minutes', '3')",
        user.id,
        user.session(),
    );
    server.database.execute(&revocation).await;
    server.database.disconnect().await;
    let took = until("refused", async || user.get("me").await.status == 401).await;
    assert!(took < 3 * SECOND, "{took:?}");
}
