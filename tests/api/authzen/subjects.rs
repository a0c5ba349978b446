//! Whom a subject names: an account, or a stranger with the roles in its properties.

use serde_json::json;
use tests::current_password;

use super::{ACTIONS, RESOURCES, SUBJECTS, Scenario, named, record, user, with_role};
use crate::users::{grant, revoke};

#[tokio::test]
async fn an_account_is_named_by_its_login_or_its_id() {
    let scenario = Scenario::start().await;
    let alice = scenario.server.log_in("alice").await;
    for id in ["alice", "Alice", &alice.id, &alice.id.to_uppercase()] {
        assert!(scenario.decides(user(id), named("write"), record("record-1")).await, "{id}");
        // Its properties give it nothing.
        let admin = with_role(id, "admin");
        let archived = super::with_status("record-1", "archived");
        assert!(!scenario.decides(admin, named("write"), archived).await, "{id}");
    }
    let other = json!({ "type": "device", "id": "alice" });
    assert!(!scenario.decides(other, named("write"), record("record-1")).await);
}

#[tokio::test]
async fn a_grant_applies_to_the_next_evaluation() {
    let scenario = Scenario::start().await;
    let ada = scenario.server.register("ada").await;
    let writes = async || scenario.decides(user("ada"), named("write"), record("r")).await;
    assert!(!writes().await);
    grant(&scenario.root, &ada.id, "editor").await;
    assert!(writes().await);
    revoke(&scenario.root, &ada.id, "editor").await;
    assert!(!writes().await);
}

#[tokio::test]
async fn a_disabled_or_deleted_account_is_denied_everything() {
    let scenario = Scenario::start().await;
    let ada = scenario.server.register("ada").await;
    grant(&scenario.root, &ada.id, "admin").await;
    let denied = async |id: &str| {
        for subject in [user(id), with_role(id, "admin")] {
            for action in ["read", "write"] {
                let reason = scenario.reason(subject.clone(), named(action), record("r")).await;
                assert_eq!(reason, "subject_disabled");
            }
            let search = json!({
                "subject": subject, "action": named("read"), "resource": { "type": "record" },
            });
            assert!(scenario.find(RESOURCES, search).await.is_empty());
            let search = json!({ "subject": subject, "resource": record("record-1") });
            assert!(scenario.find(ACTIONS, search).await.is_empty());
        }
    };
    let readers = json!({
        "subject": { "type": "user" }, "action": named("read"), "resource": record("record-1"),
    });
    let reads = async || scenario.find(SUBJECTS, readers.clone()).await.contains(&"ada".to_owned());
    assert!(scenario.decides(user("ada"), named("write"), record("r")).await && reads().await);
    scenario.root.post_empty(&format!("users/{}/disable", ada.id)).await.ok();
    denied("ada").await;
    denied(&ada.id).await;
    assert!(!reads().await);
    scenario.root.post_empty(&format!("users/{}/enable", ada.id)).await.ok();
    assert!(scenario.decides(user("ada"), named("write"), record("r")).await && reads().await);
    let ada = scenario.server.log_in("ada").await;
    ada.delete_with("me", &current_password()).await.expect(204, "");
    denied(&ada.id).await;
    // The login names no account any more, and may be another one's.
    assert!(!scenario.decides(user("ada"), named("write"), record("r")).await);
    assert!(!reads().await);
}

#[tokio::test]
async fn an_id_without_an_account_has_only_the_roles_in_its_properties() {
    let scenario = Scenario::start().await;
    let writes = async |properties| {
        let subject = json!({ "type": "user", "id": "carol", "properties": properties });
        scenario.decides(subject, named("write"), record("record-2")).await
    };
    for (properties, allowed) in [
        (json!({}), false),
        (json!({ "role": "admin" }), true),
        (json!({ "roles": ["admin"] }), true),
        (json!({ "role": "unknown", "roles": ["x", "editor"] }), true),
        (json!({ "role": "subscriber" }), false),
        (json!({ "role": "Admin" }), false),
        (json!({ "name": "admin" }), false),
    ] {
        assert_eq!(writes(properties.clone()).await, allowed, "{properties}");
    }
    // Everyone has the role `anonymous`.
    assert!(scenario.decides(user("carol"), named("read"), record("record-2")).await);
}

#[tokio::test]
async fn nobody_is_a_superuser_by_properties() {
    let scenario = Scenario::start().await;
    for properties in [
        json!({ "role": "superuser" }),
        json!({ "roles": ["superuser"] }),
        json!({ "role": "admin", "roles": ["editor", "superuser"] }),
    ] {
        for kind in ["user", "device"] {
            let subject = json!({ "type": kind, "id": "carol", "properties": properties });
            for action in ["read", "write", "anything"] {
                let reason = scenario.reason(subject.clone(), named(action), record("record-2"));
                assert_eq!(reason.await, "superuser_refused", "{properties}");
            }
        }
        let alice = json!({ "type": "user", "id": "alice", "properties": properties });
        assert!(!scenario.decides(alice, named("anything"), record("record-2")).await);
    }
    assert!(scenario.decides(user("root"), named("anything"), record("record-2")).await);
}
