//! Fields that are missing, unknown, duplicated or of the wrong type: each is named.

use reqwest::Method;
use serde_json::{Value, json};
use tests::TestServer;

use super::schema::with_strict_bodies;

#[tokio::test]
async fn a_missing_field_is_named() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for body in with_strict_bodies(&server, &root).await {
        for name in &body.required {
            let mut sample = body.sample.clone();
            sample.body.as_mut().unwrap().as_object_mut().unwrap().remove(name);
            let answer = sample.send(&root).await.expect(422, "field_invalid");
            assert_eq!(answer.field(), *name, "{}", sample.name());
        }
    }
}

#[tokio::test]
async fn an_unknown_field_is_named() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for body in with_strict_bodies(&server, &root).await {
        for name in ["mane", "__proto__", "", "id", "superuser"] {
            let sample = body.with(name, json!("x"));
            let answer = sample.send(&root).await.expect(422, "field_invalid");
            assert_eq!(answer.field(), name, "{}", sample.name());
        }
    }
}

#[tokio::test]
async fn a_field_given_twice_is_named() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for body in with_strict_bodies(&server, &root).await {
        for (name, value) in body.sample.body.as_ref().unwrap().as_object().unwrap() {
            let text = body.sample.body.as_ref().unwrap().to_string();
            let twice = format!("{{\"{name}\":{value},{}", &text[1..]);
            let method = Method::from_bytes(body.sample.operation.method.as_bytes()).unwrap();
            let request = root.request(method, &body.sample.path).body(twice);
            let answer = root.send(request.header("content-type", "application/json")).await;
            assert_eq!(answer.expect(422, "field_invalid").field(), *name, "{name}");
        }
    }
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for body in with_strict_bodies(&server, &root).await {
        for (name, schema) in &body.fields {
            for value in wrong_values(schema) {
                let sample = body.with(name, value.clone());
                let answer = sample.send(&root).await.expect(422, "field_invalid");
                let field = answer.field();
                let inner = field.starts_with(&format!("{name}["))
                    || field.starts_with(&format!("{name}."));
                assert!(field == *name || inner, "{}: {name} = {value}: {field}", sample.name());
            }
        }
    }
}

/// Values that the schema excludes.
fn wrong_values(schema: &Value) -> Vec<Value> {
    let huge = json!(1e300);
    let all = [json!(7), json!(true), json!("x"), json!({ "x": 1 }), json!([[1]]), huge];
    let kind = &schema["type"];
    // An optional field has the type `[kind, "null"]`.
    let kept = |value: &&Value| match kind.as_str().or_else(|| kind[0].as_str()) {
        Some("string") => !value.is_string(),
        Some("integer") => !value.is_i64(),
        Some("array") => true,
        _ => schema["$ref"].is_string() || schema["oneOf"].is_array(),
    };
    all.iter().filter(kept).cloned().collect()
}
