//! Ids in paths: only their canonical form is a path, so a rule on a path cannot be evaded by another
//! spelling of it.

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::Value;
use tests::openapi::Operation;
use tests::{Caller, TestServer};

use crate::rules::rule;
use crate::samples::{Sample, samples};
use crate::users::put_role;

/// The id in the path of a sample, and its type; `None` if the path has none.
fn id_of(sample: &Sample) -> Option<(String, IdType)> {
    let parameter = path_parameters(&sample.operation).find_map(|parameter| {
        let kind = id_type(&parameter["schema"])?;
        Some((format!("{{{}}}", parameter["name"].as_str().unwrap()), kind))
    });
    let (placeholder, kind) = parameter?;
    let mut segments = sample.operation.path.split('/').zip(sample.path.split('/'));
    let (_, id) = segments.find(|(template, _)| *template == placeholder).unwrap();
    Some((id.to_owned(), kind))
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum IdType {
    Uuid,
    Integer,
    LongInteger,
}

fn path_parameters(operation: &Operation) -> impl Iterator<Item = &Value> {
    let all = operation.object["parameters"].as_array().into_iter().flatten();
    all.filter(|parameter| parameter["in"] == "path")
}

fn id_type(schema: &Value) -> Option<IdType> {
    if schema["format"] == "uuid" {
        return Some(IdType::Uuid);
    }
    let is_long = schema["format"] == "int64";
    let integer = if is_long { IdType::LongInteger } else { IdType::Integer };
    (schema["type"] == "integer").then_some(integer)
}

/// What is not the canonical form of this id.
fn other_spellings(id: &str, kind: IdType) -> Vec<String> {
    let invalid = ["x", "1.5", "'", "-1e3", "%F0%9F%92%A9", "99999999999999999999"];
    let valid = match kind {
        IdType::Uuid => {
            // Without a letter, upper case would be the same spelling.
            let with_letter = "c0ffee00-0000-4000-8000-00000000000a".to_uppercase();
            vec![
                with_letter,
                id.replace('-', ""),
                format!("%7B{id}%7D"),
                format!("urn:uuid:{id}"),
                format!("{id}%20"),
            ]
        }
        IdType::Integer | IdType::LongInteger => ["00", "+", "%2b", "%20"]
            .iter()
            .map(|before| format!("{before}{id}"))
            .chain([
                format!("{id}.0"),
                format!("{id}%20"),
                "-0".to_owned(),
                if kind == IdType::Integer { "2147483648" } else { "9223372036854775808" }
                    .to_owned(),
            ])
            .collect(),
    };
    invalid.into_iter().map(str::to_owned).chain(valid).collect()
}

async fn send_with_id(sample: &Sample, caller: &Caller, id: &str, other: &str) -> tests::Answer {
    let path = sample.path.replacen(&format!("/{id}"), &format!("/{other}"), 1);
    Sample { path, ..sample.clone() }.send(caller).await
}

#[tokio::test]
async fn an_id_in_another_spelling_is_an_unknown_path_for_every_caller() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let root = server.superuser().await;
    let mut operations = 0;
    for sample in samples(&server, &user).await {
        let Some((id, kind)) = id_of(&sample) else { continue };
        operations += 1;
        for other in other_spellings(&id, kind) {
            for caller in [&root, &user, &server.guest()] {
                send_with_id(&sample, caller, &id, &other).await.expect(404, "not_found");
            }
        }
        for undecodable in ["%00", "%ff"] {
            send_with_id(&sample, &root, &id, undecodable).await.expect(422, "field_invalid");
        }
    }
    assert_eq!(operations, 19, "operations with an id");
    user.get("me").await.expect(200, "");
    assert_snapshot!(root.get("rules/007").await, @r#"
    404
    {
      "code": "not_found",
      "detail": "Ids must be written exactly as in responses.",
      "status": 404,
      "title": "Unknown path.",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test]
async fn a_deny_rule_on_a_path_applies_to_every_request_that_reaches_it() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let reader = server.register("reader").await;
    root.post("roles", &serde_json::json!({ "name": "auditor" })).await.expect(201, "");
    put_role(&root, &reader.id, "auditor").await.expect(200, "");
    let hidden = format!("users/{}", root.id);
    for body in [
        rule(50, "auditor", "route:/api/v1/*", "*", "allow"),
        rule(10, "auditor", &format!("route:/api/v1/{hidden}"), "GET", "deny"),
    ] {
        root.post("rules", &body).await.expect(201, "");
    }
    reader.get(&format!("users/{}", reader.id)).await.expect(200, "");
    let (_, id) = hidden.split_once('/').unwrap();
    let encoded = format!("users/%{:x}{}", id.as_bytes()[0], &id[1..]);
    for path in [hidden.clone(), encoded] {
        reader.get(&path).await.expect(403, "forbidden");
        // HEAD is answered as GET is.
        assert_eq!(reader.send(reader.request(Method::HEAD, &path)).await.status, 403);
    }
    for path in [
        hidden.to_uppercase().replace("USERS", "users"),
        hidden.replace('-', ""),
        hidden.replace("users/", "users/urn:uuid:"),
        hidden.replace("users/", "users//"),
        format!("{hidden}/"),
        format!("{hidden};x"),
        hidden.replace("users/", "users/./"),
        hidden.replace("users/", "users/%2e/"),
        hidden.replace("users/", "users%2f"),
    ] {
        let answer = reader.get(&path).await;
        assert!(matches!(answer.status, 403 | 404), "{path}: {answer:?}");
    }
}
