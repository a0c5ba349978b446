//! Superusers are required to have a second factor.

use serde_json::json;
use tests::openapi::{DocumentedAnswer, answers};
use tests::{AuthenticatorApp, TestServer, current_password};

use crate::samples::samples;

const REQUIRED: [(&str, &str); 1] = [("AUTH_SUPERUSER_SECOND_FACTOR", "required")];

#[tokio::test]
async fn a_superuser_without_the_required_second_factor_cannot_administer() {
    let server = TestServer::with(&REQUIRED).await;
    let root = server.superuser().await;
    let documented = answers(&server.guest().get("/openapi.json").await.ok());
    let mut asked = 0;
    for sample in samples(&server, &root).await {
        let required = DocumentedAnswer {
            operation: sample.name(),
            status: 403,
            code: "second_factor_required".to_owned(),
        };
        if documented.contains(&required) {
            sample.send(&root).await.expect(403, "second_factor_required");
            asked += 1;
        } else if !sample.operation.is_for_clients() {
            let administration = ["/api/v1/roles", "/api/v1/rules", "/api/v1/users"];
            assert!(!administration.iter().any(|path| sample.path.starts_with(path)));
        }
    }
    assert!(asked > 10, "{asked}");
    assert_eq!(server.database.count("SELECT count(*) FROM rules").await, 5);
    let root = server.log_in("root").await;
    root.get("me").await.expect(200, "");
    let begun = root.post("me/second-factor", &current_password()).await.ok();
    root.get("rules").await.expect(403, "second_factor_required");
    let code = json!({ "code": AuthenticatorApp::scan(&begun).code(&server) });
    root.post("me/second-factor/confirm", &code).await.expect(200, "");
    root.get("rules").await.expect(200, "");
    let (password, delete) = (current_password(), reqwest::Method::DELETE);
    let request = root.request(delete, "me/second-factor").json(&password);
    root.send(request).await.expect(204, "");
    root.get("rules").await.expect(403, "second_factor_required");
}

#[tokio::test]
async fn the_requirement_applies_only_to_superusers_and_only_if_configured() {
    let server = TestServer::with(&REQUIRED).await;
    let (root, reader) = (server.superuser().await, server.register("reader").await);
    server.enroll(&root).await;
    root.post("roles", &json!({ "name": "auditor" })).await.expect(201, "");
    let rule = json!({
        "priority": 50, "role": "auditor", "resource": "route:/api/v1/rules*", "action": "GET",
        "effect": "allow",
    });
    root.post("rules", &rule).await.expect(201, "");
    crate::users::grant(&root, &reader.id, "auditor").await;
    reader.get("rules").await.expect(200, "");
    let optional = server.replica(&[("AUTH_SUPERUSER_SECOND_FACTOR", "optional")]).await;
    let other = server.register("other").await;
    crate::users::grant(&root, &other.id, "superuser").await;
    other.get("rules").await.expect(403, "second_factor_required");
    let there = other.at(&optional.url);
    tests::until("followed", async || there.get("rules").await.status == 200).await;
}
