//! `POST /api/v1/explain`

mod callers;
mod films;
mod subjects;

use serde_json::{Value, json};
use tests::{Answer, Caller, TestServer};

use crate::check::film;
use crate::offload::{flood, with_many_rules};
use crate::roles::create_role;
use crate::users::grant;

/// Explains whether this subject may read this resource.
async fn explain(caller: &Caller, subject: Value, resource: Value) -> Answer {
    caller.post("explain", &json!({ "subject": subject, "resource": resource })).await
}

/// Priority and outcome of each rule.
fn outcomes(explanation: &Value) -> Vec<(u64, &str)> {
    let rules = explanation["rules"].as_array().unwrap().iter();
    rules
        .map(|it| (it["rule"]["priority"].as_u64().unwrap(), it["outcome"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn a_denial_names_the_rule_and_the_roles_that_would_be_enough() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    create_role(&root, "premium", &["subscriber"]).await;
    create_role(&root, "critic", &[]).await;
    let denied = explain(&root, Value::Null, film(&["adult", "new"])).await.ok();
    assert_eq!((&denied["allowed"], &denied["valid_until"]), (&json!(false), &Value::Null));
    let reason = &denied["reason"];
    assert_eq!((&reason["code"], &reason["label"]), (&json!("label_denied"), &json!("new")));
    assert_eq!(
        (&reason["rule"]["priority"], &reason["path"]),
        (&json!(200), &json!(["anonymous"]))
    );
    assert_eq!((&denied["roles"], &denied["role_set"]), (&json!([]), &json!(["anonymous"])));
    assert_eq!((&denied["action"], &denied["resource"]), (&json!("read"), &json!("film:f1")));
    let verdicts: Vec<_> = denied["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["name"].as_str().unwrap(), it["allowed"] == true, &it["rule"]["priority"]))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("film:f1", true, &json!(1000)),
            ("label:adult", true, &json!(1000)),
            ("label:new", false, &json!(200)),
        ]
    );
    assert_eq!(
        outcomes(&denied),
        [
            (0, "other_role"),
            (10, "other_resource"),
            (100, "other_role"),
            (200, "decides"),
            (1000, "decides"),
        ]
    );
    assert_eq!(
        (&denied["allowed_for"], &denied["omitted"]),
        (&json!(["premium", "subscriber"]), &json!(0))
    );

    let roles = json!({ "roles": ["premium"] });
    let allowed = explain(&root, roles, film(&["new"])).await.ok();
    assert_eq!((&allowed["allowed"], &allowed["allowed_for"]), (&json!(true), &json!([])));
    assert_eq!(allowed["roles"], json!(["premium"]));
    assert_eq!(allowed["role_set"], json!(["anonymous", "premium", "subscriber"]));
    assert_eq!(allowed["verdicts"][1]["path"], json!(["premium", "subscriber"]));
    assert_eq!(allowed["revision"], denied["revision"]);
}

#[tokio::test]
async fn the_decision_explained_is_that_of_a_check() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    grant(&root, &ada.id, "subscriber").await;
    let ada = server.log_in("ada").await;
    let future = json!({ "labels": ["new"], "labelled_at": "2026-01-01T00:00:00Z",
        "until": { "new": "2999-01-01T00:00:00Z" } });
    let properties = [
        json!({ "labels": ["new"] }),
        json!({ "labels": [] }),
        json!({}),
        json!({ "access": null }),
        json!({ "access": future }),
    ];
    let guest = server.guest();
    for (subject, caller) in [
        (Value::Null, &guest),
        (json!({ "user": "ADA" }), &ada.caller),
        (json!({ "user": ada.id }), &ada.caller),
        (json!({ "user": "root" }), &root.caller),
    ] {
        for properties in &properties {
            // Without Elasticsearch a film that is named alone is unlabelled, as in a check.
            for (kind, action) in [("film", "read"), ("film", "write"), ("route", "GET")] {
                let mut resource = properties.clone();
                resource["type"] = json!(kind);
                resource["id"] = json!("f1");
                let check = json!({ "action": action, "resource": resource });
                let check = caller.post("check", &check).await.ok();
                let question =
                    json!({ "subject": subject, "action": action, "resource": resource });
                let explained = root.post("explain", &question).await.ok();
                for field in ["allowed", "valid_until", "revision"] {
                    assert_eq!(explained[field], check[field], "{question}");
                }
                let code = &explained["reason"]["code"];
                assert_eq!(*code, check["reason"]["code"], "{question}");
            }
        }
    }
}

#[tokio::test]
async fn validity_periods_apply_at_the_time_that_is_asked_about() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let access = json!({ "labels": ["new"], "labelled_at": "2026-01-01T00:00:00Z",
        "until": { "new": "2028-03-01T00:00:00Z" } });
    let film = json!({ "type": "film", "id": "f1", "access": access });
    let at = async |time: &str| {
        root.post("explain", &json!({ "resource": film, "at": time })).await.ok()
    };
    let before = at("2028-02-29T23:59:59Z").await;
    assert_eq!((&before["allowed"], &before["inactive_labels"]), (&json!(false), &json!([])));
    assert_eq!(before["valid_until"], "2028-03-01T00:00:00Z");
    let after = at("2028-03-01T01:00:00+01:00").await;
    assert_eq!((&after["allowed"], &after["at"]), (&json!(true), &json!("2028-03-01T00:00:00Z")));
    let inactive = json!([{ "name": "new", "from": null, "until": "2028-03-01T00:00:00Z" }]);
    assert_eq!(after["inactive_labels"], inactive);
    let now = root.post("explain", &json!({ "resource": film })).await.ok();
    assert_eq!(now["allowed"], false);
}

#[tokio::test]
async fn an_invalid_question_is_refused_by_field() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let many: Vec<String> = (0..1_001).map(|n| format!("l{n}")).collect();
    let resource = json!({ "type": "film", "id": "f1", "labels": [] });
    for (body, field) in [
        (json!({}), "resource"),
        (json!({ "resource": "film:f1" }), "resource"),
        (json!({ "resource": { "type": "film", "labels": [], "access": {} } }), "resource.labels"),
        (json!({ "resource": { "type": "film", "id": "f1", "labels": many } }), "resource"),
        (json!({ "resource": resource, "action": "x".repeat(129) }), "action"),
        (json!({ "resource": resource, "at": "soon" }), "at"),
        (json!({ "resource": resource, "user": "ada" }), "user"),
        (json!({ "resource": resource, "subject": "ada" }), "subject"),
        (json!({ "resource": resource, "subject": {} }), "subject"),
        (json!({ "resource": resource, "subject": { "login": "ada" } }), "subject.login"),
        (json!({ "resource": resource, "subject": { "user": "root", "roles": [] } }), "subject"),
        (
            json!({ "resource": resource, "subject": { "roles": vec!["subscriber"; 101] } }),
            "subject.roles",
        ),
    ] {
        let answer = root.post("explain", &body).await.expect(422, "field_invalid");
        assert_eq!(answer.field(), field, "{body}");
    }
}

#[tokio::test]
async fn explanations_are_made_off_the_serving_threads() {
    let server = with_many_rules().await;
    let root = server.superuser().await;
    flood(&server, async |_| explain(&root, Value::Null, film(&["new"])).await).await;
    let explained = explain(&root, Value::Null, film(&["new"])).await.ok();
    assert_eq!(explained["rules"].as_array().unwrap().len(), 5);
    assert_eq!(explained["omitted"], 5_000);
}
