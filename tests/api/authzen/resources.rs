//! What the properties of resources and actions mean to the policy.

use serde_json::{Value, json};
use tests::TestServer;

use super::{EVALUATION, Scenario, delete, named, user};
use crate::rules::rule;

fn with(kind: &str, properties: &Value) -> Value {
    json!({ "type": kind, "id": "f1", "properties": properties })
}

#[tokio::test]
async fn each_scalar_property_is_a_label() {
    let scenario = Scenario::start().await;
    let root = &scenario.root;
    for (priority, label) in [(800, "level=3"), (801, "secret=true"), (802, "owner=null")] {
        let deny = rule(priority, "anonymous", &format!("label:{label}"), "read", "deny");
        root.post("rules", &deny).await.expect(201, "");
    }
    for (properties, label) in [
        (json!({ "level": 3 }), Some("level=3")),
        (json!({ "level": 3.0 }), Some("level=3")),
        (json!({ "level": "3" }), Some("level=3")),
        (json!({ "level": 4 }), None),
        (json!({ "secret": true, "level": 4 }), Some("secret=true")),
        (json!({ "owner": null }), Some("owner=null")),
        (json!({ "labels": ["x", "level=3"] }), Some("level=3")),
        (json!({ "tags": ["level=3"], "nested": { "level": 3 } }), None),
    ] {
        let resource = with("record", &properties);
        let decision = scenario.evaluate(user("alice"), named("read"), resource).await;
        assert_eq!(decision["decision"], label.is_none(), "{properties}");
        let reason = &decision["context"]["reason"];
        assert_eq!(reason["label"].as_str(), label, "{properties}");
    }
}

#[tokio::test]
async fn a_property_that_is_no_valid_label_denies() {
    let scenario = Scenario::start().await;
    for subject in ["alice", "root"] {
        for properties in [
            json!({ "status": "Active" }),
            json!({ "status": "a b" }),
            json!({ "Status": "active" }),
            json!({ "labels": ["New"] }),
            json!({ "labels": [""] }),
            json!({ "note": "x".repeat(100) }),
        ] {
            let resource = with("record", &properties);
            let reason = scenario.reason(user(subject), named("read"), resource).await;
            assert_eq!(reason, "label_invalid", "{properties}");
        }
    }
}

#[tokio::test]
async fn a_film_is_labelled_only_by_labels_or_access() {
    let scenario = Scenario::start().await;
    let labelled = json!("2026-01-01T00:00:00Z");
    for (properties, reason) in [
        (json!({}), "labels_missing"),
        (json!({ "genre": "drama" }), "labels_missing"),
        (json!({ "labels": null }), "labels_missing"),
        (json!({ "access": null }), "unlabelled"),
        (json!({ "access": "x" }), "unlabelled"),
        (json!({ "access": { "labels": [] } }), "unlabelled"),
        (json!({ "labels": [] }), "allowed"),
        (json!({ "labels": ["adult"], "genre": "drama" }), "allowed"),
        (json!({ "labels": ["new"] }), "label_denied"),
        (json!({ "access": { "labels": ["x"], "labelled_at": labelled } }), "allowed"),
        (json!({ "access": { "labels": ["new"], "labelled_at": labelled } }), "label_denied"),
        (json!({ "access": { "labels": {}, "labelled_at": labelled } }), "unlabelled"),
    ] {
        let film = with("film", &properties);
        assert_eq!(
            scenario.reason(user("alice"), named("read"), film).await,
            reason,
            "{properties}"
        );
    }
}

#[tokio::test]
async fn other_properties_of_a_film_are_labels_beside_its_own() {
    let scenario = Scenario::start().await;
    let root = &scenario.root;
    let deny = rule(800, "anonymous", "label:genre=horror", "read", "deny");
    root.post("rules", &deny).await.expect(201, "");
    let allow = rule(5, "editor", "label:unlabelled", "read", "allow");
    root.post("rules", &allow).await.expect(201, "");
    for own in [
        json!({}),
        json!({ "labels": [] }),
        json!({ "access": { "labels": [], "labelled_at": "2026-01-01T00:00:00Z" } }),
    ] {
        let mut properties = own;
        properties["genre"] = json!("drama");
        assert!(scenario.decides(user("alice"), named("read"), with("film", &properties)).await);
        properties["genre"] = json!("horror");
        let film = with("film", &properties);
        assert_eq!(scenario.reason(user("alice"), named("read"), film).await, "label_denied");
    }
}

#[tokio::test]
async fn a_validity_period_ends_a_decision() {
    let scenario = Scenario::start().await;
    let access = json!({
        "labels": ["new"], "until": { "new": "2099-01-01T00:00:00Z" },
        "labelled_at": "2026-01-01T00:00:00Z",
    });
    let film = with("film", &json!({ "access": access }));
    let decision = scenario.evaluate(user("alice"), named("read"), film).await;
    assert_eq!(decision["context"]["valid_until"], "2099-01-01T00:00:00Z");
}

#[tokio::test]
async fn a_property_qualifies_an_action() {
    let scenario = Scenario::start().await;
    let (alice, file) = (|| user("alice"), || with("file", &json!({})));
    let allow = async |priority: i64, action: &str, effect: &str| {
        let new = rule(priority, "editor", "file:*", action, effect);
        scenario.root.post("rules", &new).await.expect(201, "");
    };
    allow(500, "delete?soft=true", "allow").await;
    assert!(scenario.decides(alice(), delete(true), file()).await);
    assert!(!scenario.decides(alice(), delete(false), file()).await);
    assert!(!scenario.decides(alice(), named("delete"), file()).await);
    let both = json!({ "name": "delete", "properties": { "soft": true, "force": 1, "x": [1] } });
    assert!(scenario.decides(alice(), both.clone(), file()).await);
    // A value cannot forge another property.
    let forged = json!({ "name": "delete", "properties": { "note": "x&soft=true" } });
    assert!(!scenario.decides(alice(), forged, file()).await);
    // The usual order decides among rules on any of the names.
    allow(450, "delete?force=1", "deny").await;
    assert!(!scenario.decides(alice(), both.clone(), file()).await);
    allow(400, "delete", "allow").await;
    for action in [both, delete(true), delete(false), named("delete")] {
        assert!(scenario.decides(alice(), action, file()).await);
    }
}

#[tokio::test]
async fn a_check_of_a_qualified_action_decides_alike() {
    let scenario = Scenario::start().await;
    let alice = scenario.server.log_in("alice").await;
    let deny = rule(320, "editor", "record:*", "delete", "deny");
    let expected = async |allowed: bool| {
        for (action, text) in [(delete(true), "delete?soft=true"), (named("write"), "write")] {
            let resource = json!({ "type": "record", "id": "r", "labels": ["status=active"] });
            let check = json!({ "action": text, "resource": resource });
            let check = alice.post("check", &check).await.ok();
            let record = super::with_status("r", "active");
            let decision = scenario.evaluate(user("alice"), action, record).await;
            let context = &decision["context"];
            assert_eq!(decision["decision"], check["allowed"]);
            assert_eq!(context["reason"]["code"], check["reason"]["code"]);
            assert_eq!(context["revision"], check["revision"]);
            assert!(text == "write" || check["allowed"] == allowed);
        }
    };
    expected(true).await;
    scenario.root.post("rules", &deny).await.expect(201, "");
    expected(false).await;
}

#[tokio::test]
async fn an_evaluation_agrees_with_a_check() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    crate::users::grant(&root, &ada.id, "subscriber").await;
    let ada = server.log_in("ada").await;
    let resources = [
        json!({ "labels": ["new"] }),
        json!({ "labels": ["adult", "new"] }),
        json!({ "labels": [] }),
        json!({}),
        json!({ "access": null }),
        json!({ "access": { "labels": ["new"], "labelled_at": "2026-01-01T00:00:00Z" } }),
    ];
    for (kind, action) in ["film", "record", "route"]
        .iter()
        .flat_map(|kind| ["read", "write", "GET"].map(|action| (*kind, action)))
    {
        for (properties, (login, caller)) in resources.iter().flat_map(|properties| {
            [("ada", &ada), ("root", &root)].map(|caller| (properties, caller))
        }) {
            let mut resource = properties.clone();
            resource["type"] = json!(kind);
            resource["id"] = json!("f1");
            let check = json!({ "action": action, "resource": resource });
            let check = caller.post("check", &check).await.ok();
            let body = json!({
                "subject": user(login), "action": named(action), "resource": with(kind, properties),
            });
            let decision = root.post(EVALUATION, &body).await.ok();
            assert_eq!(decision["decision"], check["allowed"], "{body}");
            let code = &decision["context"]["reason"]["code"];
            assert_eq!(*code, check["reason"]["code"], "{body}");
        }
    }
}
