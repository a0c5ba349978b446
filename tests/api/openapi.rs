//! `/docs` and `/openapi.json`

use std::collections::HashSet;

use serde_json::Value;
use tests::TestServer;
use tests::openapi::operations;

#[tokio::test]
async fn the_documentation_page_needs_no_internet_access() {
    let server = TestServer::start().await;
    let page = server.guest().get("/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"));
    assert!(!policy.contains("unsafe-eval") && !policy.contains("http"), "{policy}");
    assert!(!policy.contains("script-src 'unsafe-inline'"), "{policy}");
    assert_eq!(page.header("x-frame-options"), "DENY");
    for tag in page.text.split('<').filter(|tag| !tag.starts_with('/')) {
        let tag = tag.split('>').next().unwrap();
        let loads =
            ["script ", "link ", "img ", "iframe "].iter().any(|name| tag.starts_with(name));
        assert!(!loads || !tag.contains("//"), "{tag}");
    }
    assert!(page.text.contains("swagger"), "not the page");
}

#[tokio::test]
async fn the_document_is_valid_openapi() {
    let server = TestServer::start().await;
    let answer = server.guest().get("/openapi.json").await;
    assert_eq!(answer.header("content-type"), "application/json");
    let document = answer.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    assert_references(&document, &document);
    let mut ids = HashSet::new();
    for operation in operations(&document) {
        let (name, object) = (operation.name(), &operation.object);
        let id = object["operationId"].as_str().unwrap_or_else(|| panic!("{name}: no id"));
        assert!(ids.insert(id.to_owned()), "{name}: {id} twice");
        assert!(object["summary"].is_string() && object["tags"][0].is_string(), "{name}");
        assert_parameters(&operation.path, object);
        for (status, response) in object["responses"].as_object().unwrap() {
            assert!(status.parse::<u16>().is_ok() && response["description"].is_string(), "{name}");
            let empty = response["content"].as_object().is_none_or(serde_json::Map::is_empty);
            // RFC 7009 requires a 200 without a body, and Envoy a 200, whose body no proxy reads.
            let is_empty = matches!(&**status, "202" | "204" | "303")
                || (status == "200" && (name.ends_with("/revoke") || name == "GET /forward-auth"));
            assert_eq!(empty, is_empty, "{name} {status}: a body is described");
        }
    }
    let bearer = &document["components"]["securitySchemes"]["bearer"];
    assert_eq!((&bearer["type"], &bearer["scheme"]), (&"http".into(), &"bearer".into()));
}

/// Asserts that every reference resolves.
fn assert_references(document: &Value, value: &Value) {
    match value {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                let target = document.pointer(reference.trim_start_matches('#'));
                assert!(target.is_some(), "{reference}");
            }
            fields.values().for_each(|value| assert_references(document, value));
        }
        Value::Array(items) => items.iter().for_each(|item| assert_references(document, item)),
        _ => {}
    }
}

/// Asserts that the path parameters are described.
fn assert_parameters(path: &str, operation: &Value) {
    let braces = |part: &&str| part.starts_with('{') && part.ends_with('}');
    let in_path: Vec<&str> =
        path.split('/').filter(braces).map(|part| &part[1..part.len() - 1]).collect();
    let described = operation["parameters"].as_array().into_iter().flatten();
    let described: Vec<&str> = described
        .filter(|parameter| parameter["in"] == "path")
        .map(|parameter| {
            assert!(
                parameter["required"] == true && parameter["schema"].is_object(),
                "{parameter}"
            );
            parameter["name"].as_str().unwrap()
        })
        .collect();
    assert_eq!(described, in_path, "{path}");
}

#[tokio::test]
async fn the_document_states_which_operations_require_a_token() {
    let server = TestServer::start().await;
    let document = server.guest().get("/openapi.json").await.ok();
    for operation in operations(&document) {
        let guarded = operation.path.starts_with("/api/v1/r")
            || operation.path.starts_with("/access/v1/")
            || operation.path == "/api/v1/explain"
            || operation.path.starts_with("/api/v1/policy")
            || operation.path.starts_with("/api/v1/users")
            || operation.path.starts_with("/api/v1/audit")
            || operation.path.starts_with("/api/v1/clients")
            || operation.path.starts_with("/api/v1/me")
            || operation.path.starts_with("/api/v1/auth/logout");
        let guarded = guarded && !operation.is_for_clients();
        assert_eq!(operation.requires_token(), guarded, "{}", operation.name());
    }
}
