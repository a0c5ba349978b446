//! The answer of each operation to a guest, and to a user without rights.

use tests::TestServer;

use crate::samples::samples;

/// Operations for guests.
const MEANT_FOR_GUESTS: [&str; 15] = [
    "POST /api/v1/auth/register",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/login/second-factor",
    "POST /api/v1/auth/refresh",
    "GET /api/v1/auth/oidc",
    "POST /api/v1/auth/email/verify",
    "POST /api/v1/auth/password/forgot",
    "POST /api/v1/auth/password/reset",
    "POST /api/v1/check",
    "POST /api/v1/check/batch",
    "POST /api/v1/filter",
    "GET /.well-known/jwks.json",
    "GET /.well-known/authzen-configuration",
    "GET /.well-known/oauth-authorization-server",
    "GET /health/live",
];

/// For guests, too, but these tests have no provider; see `auth::oidc`.
const BY_A_PROVIDER: [&str; 4] = [
    "GET /api/v1/auth/oidc/{provider}/start",
    "GET /api/v1/auth/oidc/{provider}/callback",
    "POST /api/v1/auth/oidc/{provider}/callback",
    "POST /api/v1/auth/oidc/exchange",
];

/// Operators use their own port; load balancers may use this one.
const FOR_LOAD_BALANCERS: [&str; 1] = ["GET /health/ready"];

/// For proxies that these tests are not; see `forward_auth`.
const FOR_PROXIES: [&str; 1] = ["GET /forward-auth"];

#[tokio::test]
async fn a_guest_reaches_only_the_operations_for_guests() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let meant = |name: &str| MEANT_FOR_GUESTS.iter().chain(&FOR_LOAD_BALANCERS).any(|m| *m == name);
    for sample in samples(&server, &user).await {
        let answer = sample.send(&server.guest()).await;
        if meant(&sample.name()) {
            answer.ok();
        } else if BY_A_PROVIDER.contains(&&*sample.name()) {
            let refusals = ["provider_not_found", "media_type_unsupported", "oidc_code_invalid"];
            assert!(refusals.contains(&&*answer.code()), "{answer:?}");
        } else if FOR_PROXIES.contains(&&*sample.name()) {
            answer.expect(403, "proxy_not_trusted");
        } else if sample.operation.is_for_clients() {
            answer.expect(401, "invalid_client");
        } else {
            let answer = answer.expect(401, "token_missing");
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{}", sample.name());
        }
    }
    let rules = server.database.count("SELECT count(*) FROM rules").await;
    assert_eq!((rules, server.database.count("SELECT count(*) FROM user_roles").await), (5, 0));
}

const FOR_ADMINS: [&str; 8] = [
    "/api/v1/explain",
    "/api/v1/roles",
    "/api/v1/rules",
    "/api/v1/policy",
    "/api/v1/users",
    "/api/v1/audit",
    "/api/v1/clients",
    "/access/v1/",
];

#[tokio::test]
async fn a_user_without_rights_is_told_which_permission_is_missing() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    for sample in samples(&server, &user).await {
        let path = &sample.path;
        if sample.operation.is_for_clients() {
            continue;
        }
        if FOR_ADMINS.iter().any(|prefix| path.starts_with(prefix)) {
            let answer = sample.send(&user).await.expect(403, "forbidden");
            let missing = &answer.json()["missing"];
            assert_eq!(missing["action"], sample.operation.method, "{answer:?}");
            assert_eq!(missing["resource"], format!("route:{path}"), "{answer:?}");
        }
    }
    assert_eq!(server.database.count("SELECT count(*) FROM rules").await, 5);
}

#[tokio::test]
async fn a_permission_for_a_route_covers_only_that_method_and_path() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let reader = server.register("reader").await;
    root.post("roles", &serde_json::json!({ "name": "auditor" })).await.expect(201, "");
    let rule = serde_json::json!({
        "priority": 50, "role": "auditor", "resource": "route:/api/v1/rules*", "action": "GET",
        "effect": "allow",
    });
    root.post("rules", &rule).await.expect(201, "");
    root.send(root.request(reqwest::Method::PUT, &format!("users/{}/roles/auditor", reader.id)))
        .await
        .expect(200, "");
    reader.get("rules").await.expect(200, "");
    reader.get("rules/1").await.expect(200, "");
    // Percent-encoding does not change the path.
    reader.get("rules/%31").await.expect(200, "");
    reader.get("roles").await.expect(403, "forbidden");
    reader.get("roles/%2e%2e%2frules").await.expect(403, "forbidden");
    reader.delete("rules/3").await.expect(403, "forbidden");
    reader.post("rules", &rule).await.expect(403, "forbidden");
}
