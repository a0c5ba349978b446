//! Malformed requests are answered with 400.

use serde_json::{Value, json};

use super::{
    ACTIONS, EVALUATION, EVALUATIONS, RESOURCES, SUBJECTS, Scenario, operations, post_text, user,
};

/// Fields that each operation requires.
const REQUIRED: [(&str, &[&str]); 4] = [
    (EVALUATION, &["subject", "action", "resource"]),
    (SUBJECTS, &["subject", "action", "resource"]),
    (RESOURCES, &["subject", "action", "resource"]),
    (ACTIONS, &["subject", "resource"]),
];

/// Members of the entities that each operation requires.
fn members(path: &str, entity: &str) -> &'static [&'static str] {
    match (path, entity) {
        (_, "action") => &["name"],
        (SUBJECTS, "subject") | (RESOURCES, "resource") => &["type"],
        _ => &["type", "id"],
    }
}

fn body(path: &str) -> Value {
    operations().into_iter().find(|(own, _)| *own == path).unwrap().1
}

#[tokio::test]
async fn a_missing_entity_or_member_is_named() {
    let scenario = Scenario::start().await;
    let refused = async |path, body: &Value, field: &str| {
        let answer = scenario.post(path, body).await.expect(400, "field_invalid");
        assert_eq!(answer.field(), field, "{path} {body}");
    };
    for (path, entities) in REQUIRED {
        for entity in entities {
            let mut incomplete = body(path);
            incomplete.as_object_mut().unwrap().remove(*entity);
            refused(path, &incomplete, entity).await;
            for member in members(path, entity) {
                let mut incomplete = body(path);
                incomplete[entity].as_object_mut().unwrap().remove(*member);
                refused(path, &incomplete, &format!("{entity}.{member}")).await;
            }
        }
    }
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_named() {
    let scenario = Scenario::start().await;
    for (path, entities) in REQUIRED {
        for entity in entities {
            for wrong in [json!("alice"), json!(7), json!(null), json!(true), json!(["user", "x"])]
            {
                let mut request = body(path);
                request[entity] = wrong;
                let answer = scenario.post(path, &request).await.expect(400, "field_invalid");
                assert_eq!(answer.field(), *entity);
            }
            for member in members(path, entity) {
                for wrong in [json!(7), json!(null), json!(["x"]), json!({ "x": 1 })] {
                    let mut request = body(path);
                    request[entity][member] = wrong;
                    let answer = scenario.post(path, &request).await.expect(400, "field_invalid");
                    assert_eq!(answer.field(), format!("{entity}.{member}"));
                }
            }
            let mut request = body(path);
            request[entity]["properties"] = json!("status=active");
            scenario.post(path, &request).await.expect(400, "field_invalid");
        }
        for name in ["context", "page"] {
            let mut request = body(path);
            request[name] = json!("x");
            let status = if name == "page" && path == EVALUATION { 200 } else { 400 };
            assert_eq!(scenario.post(path, &request).await.status, status, "{path} {name}");
        }
    }
    for (name, wrong) in [
        ("subject", json!("alice")),
        ("action", json!({ "name": 7 })),
        ("resource", json!({ "type": "record" })),
        ("context", json!([])),
        ("evaluations", json!({ "0": {} })),
        ("options", json!("execute_all")),
        ("options", json!({ "evaluations_semantic": "execute" })),
    ] {
        let mut batch = body(EVALUATIONS);
        batch[name] = wrong;
        scenario.post(EVALUATIONS, &batch).await.expect(400, "field_invalid");
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let scenario = Scenario::start().await;
    for (path, good) in operations() {
        for text in ["", "{", "{\"subject\":", "x", "{} {}"] {
            let answer = post_text(&scenario.root, path, "application/json", text).await;
            answer.expect(400, "body_malformed");
        }
        for text in ["[]", "null", "7", "\"x\""] {
            let answer = post_text(&scenario.root, path, "application/json", text).await;
            answer.expect(400, "field_invalid");
        }
        for content_type in ["", "text/plain", "application/x-www-form-urlencoded", "text/json"] {
            let answer = post_text(&scenario.root, path, content_type, &good.to_string()).await;
            answer.expect(400, "media_type_unsupported");
        }
        let charset = "application/json; charset=utf-8";
        post_text(&scenario.root, path, charset, &good.to_string()).await.expect(200, "");
        let nul = good.to_string().replace("record", "\\u0000");
        let answer = post_text(&scenario.root, path, "application/json", &nul).await;
        answer.expect(400, "field_invalid");
    }
}

#[tokio::test]
async fn labels_and_roles_of_the_wrong_shape_are_refused() {
    let scenario = Scenario::start().await;
    for properties in [
        json!({ "labels": "new" }),
        json!({ "labels": ["new", 7] }),
        json!({ "labels": { "new": true } }),
        json!({ "labels": [], "access": null }),
        json!({ "labels": ["new"], "access": { "labels": ["new"] } }),
    ] {
        let mut request = body(EVALUATION);
        request["resource"] = json!({ "type": "film", "id": "f1", "properties": properties });
        let answer = scenario.post(EVALUATION, &request).await.expect(400, "field_invalid");
        assert_eq!(answer.field(), "resource.properties.labels");
    }
    for (name, value) in [("role", json!(7)), ("roles", json!([7])), ("roles", json!({ "a": 1 }))] {
        let mut request = body(EVALUATION);
        request["subject"] = user("carol");
        request["subject"]["properties"][name] = value;
        let answer = scenario.post(EVALUATION, &request).await.expect(400, "field_invalid");
        assert_eq!(answer.field(), format!("subject.properties.{name}"));
    }
}
