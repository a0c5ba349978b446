//! One valid request for each operation, for tests that iterate over all of them.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tests::openapi::{self, Operation};
use tests::{
    Answer, Caller, NEW_PASSWORD, PASSWORD, TestServer, UNKNOWN_ID, User, current_password,
};

/// A request that its operation accepts from a superuser. Operations for service clients get the
/// credentials of an unknown client.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub operation: Operation,
    pub path: String,
    pub body: Option<Value>,
}

impl Sample {
    pub(crate) async fn send(&self, caller: &Caller) -> Answer {
        caller.send(self.request(caller)).await
    }

    pub(crate) fn request(&self, caller: &Caller) -> RequestBuilder {
        let method = Method::from_bytes(self.operation.method.as_bytes()).unwrap();
        if self.operation.is_for_clients() {
            let request = caller.without_token().request(method, &self.path);
            return request.basic_auth(UNKNOWN_ID, Some("x")).form(&[("token", "x")]);
        }
        let mut request = caller.request(method, &self.path);
        if self.operation.path == "/forward-auth" {
            request = request.header("x-original-method", "GET").header("x-original-uri", "/");
        }
        let path = &*self.operation.path;
        if path.ends_with("/restore") || path == "/api/v1/policy/changes" {
            request = request.header("if-match", "*");
        }
        match &self.body {
            Some(body) => request.json(body),
            None => request,
        }
    }

    pub(crate) fn name(&self) -> String {
        self.operation.name()
    }
}

/// Valid requests for every documented operation, about this user.
pub(crate) async fn samples(server: &TestServer, user: &User) -> Vec<Sample> {
    let document = server.guest().get("/openapi.json").await.ok();
    let mut good = good_requests(user);
    good.extend(access_requests());
    good.extend(policy_requests());
    good.push(second_step(server).await);
    good.extend(by_mail(server).await);
    let mut samples = Vec::new();
    for operation in openapi::operations(&document) {
        let found = good.iter().find(|(method, path, _)| operation.matches(method, path));
        let (_, path, body) = found.unwrap_or_else(|| panic!("{}: no sample", operation.name()));
        let body = if body.is_null() { None } else { Some(body.clone()) };
        samples.push(Sample { operation, path: path.clone(), body });
    }
    samples
}

/// The requests that need a token from a message.
async fn by_mail(server: &TestServer) -> [(&'static str, String, Value); 2] {
    let user = server.register(&format!("mail-{}", uuid::Uuid::new_v4())).await;
    let reset = crate::email::reset_token(server, &user).await;
    let email = format!("{}@example.com", user.login);
    crate::email::change_email(&user, Some(&email)).await.expect(200, "");
    let verify = crate::email::verification_token(server, &user, &email).await;
    let new = json!({ "token": reset, "new_password": NEW_PASSWORD });
    [
        (
            "POST",
            "/api/v1/auth/email/verify".to_owned(),
            json!({ "token": verify, "current_password": PASSWORD }),
        ),
        ("POST", "/api/v1/auth/password/reset".to_owned(), new),
    ]
}

/// The second step of a login.
async fn second_step(server: &TestServer) -> (&'static str, String, Value) {
    let user = server.register(&format!("second-{}", uuid::Uuid::new_v4())).await;
    let (app, _) = server.enroll(&user).await;
    let challenge = server.challenge(&user.login).await;
    let body = json!({ "challenge": challenge, "code": app.code_after(server, 1) });
    ("POST", "/api/v1/auth/login/second-factor".to_owned(), body)
}

/// The requests of AuthZEN.
fn access_requests() -> [(&'static str, String, Value); 6] {
    let (subject, action) = (json!({ "type": "user", "id": "sample" }), json!({ "name": "read" }));
    let resource = json!({ "type": "film", "id": "f1", "properties": { "labels": ["new"] } });
    let all = json!({ "subject": subject, "action": action, "resource": resource });
    let actions = json!({ "subject": subject, "resource": resource });
    [
        ("POST", "/access/v1/evaluation".to_owned(), all.clone()),
        ("POST", "/access/v1/evaluations".to_owned(), all.clone()),
        ("POST", "/access/v1/search/subject".to_owned(), all.clone()),
        ("POST", "/access/v1/search/resource".to_owned(), all),
        ("POST", "/access/v1/search/action".to_owned(), actions),
        ("GET", "/.well-known/authzen-configuration".to_owned(), Value::Null),
    ]
}

/// The requests about the policy as a whole.
fn policy_requests() -> [(&'static str, String, Value); 8] {
    let rule = json!({
        "priority": 500, "role": "subscriber", "resource": "film:*", "action": "read",
        "effect": "deny",
    });
    let changes = json!({ "changes": [{ "create_rule": rule }] });
    [
        ("GET", "/api/v1/policy".to_owned(), Value::Null),
        ("GET", "/api/v1/policy/role-sets".to_owned(), Value::Null),
        ("GET", "/api/v1/policy/revisions".to_owned(), Value::Null),
        ("GET", "/api/v1/policy/revisions/1".to_owned(), Value::Null),
        ("GET", "/api/v1/policy/revisions/1/changes".to_owned(), Value::Null),
        ("POST", "/api/v1/policy/revisions/1/restore".to_owned(), Value::Null),
        ("POST", "/api/v1/policy/preview".to_owned(), changes.clone()),
        ("POST", "/api/v1/policy/changes".to_owned(), changes),
    ]
}

fn good_requests(user: &User) -> Vec<(&'static str, String, Value)> {
    let new_role = json!({ "name": "sample" });
    let rule = json!({
        "priority": 500, "role": "subscriber", "resource": "film:*", "action": "read",
        "effect": "deny",
    });
    let film = json!({ "type": "film", "id": "f1", "labels": ["new"] });
    let about_user = |rest: &str| format!("/api/v1/users/{}/{rest}", user.id);
    let user_path = format!("/api/v1/users/{}", user.id);
    let all = [
        ("POST", "/api/v1/check", json!({ "action": "read", "resource": film })),
        ("POST", "/api/v1/check/batch", json!({ "action": "read", "resources": [film] })),
        ("POST", "/api/v1/filter", json!({ "action": "read", "type": "film" })),
        ("POST", "/api/v1/explain", json!({ "subject": { "user": user.login }, "resource": film })),
        ("GET", "/forward-auth", Value::Null),
        ("GET", "/api/v1/roles", Value::Null),
        ("POST", "/api/v1/roles", new_role),
        ("GET", "/api/v1/roles/subscriber", Value::Null),
        ("PATCH", "/api/v1/roles/subscriber", json!({ "description": "Pays." })),
        ("DELETE", "/api/v1/roles/sample", Value::Null),
        ("GET", "/api/v1/rules", Value::Null),
        ("POST", "/api/v1/rules", rule.clone()),
        ("GET", "/api/v1/rules/3", Value::Null),
        ("PUT", "/api/v1/rules/3", rule),
        ("DELETE", "/api/v1/rules/3", Value::Null),
        ("GET", "/api/v1/users", Value::Null),
        ("GET", "/api/v1/audit", Value::Null),
        ("GET", "/api/v1/clients", Value::Null),
        ("POST", "/api/v1/clients", json!({ "name": "sample" })),
        ("DELETE", "/api/v1/clients/00000000-0000-4000-8000-000000000000", Value::Null),
        ("GET", "/api/v1/me", Value::Null),
        ("PATCH", "/api/v1/me", json!({ "first_name": "Ada" })),
        ("GET", "/api/v1/me/permissions", Value::Null),
        ("GET", "/api/v1/me/history", Value::Null),
        ("GET", "/api/v1/me/sessions", Value::Null),
        ("DELETE", "/api/v1/me", current_password()),
        ("PUT", "/api/v1/me/login", json!({ "login": user.login, "current_password": PASSWORD })),
        ("PUT", "/api/v1/me/user-agents", current_password()),
        ("GET", "/api/v1/me/second-factor", Value::Null),
        ("POST", "/api/v1/me/second-factor", current_password()),
        ("POST", "/api/v1/me/second-factor/confirm", json!({ "code": "000000" })),
        ("POST", "/api/v1/me/second-factor/recovery-codes", current_password()),
        ("DELETE", "/api/v1/me/second-factor", current_password()),
        (
            "PUT",
            "/api/v1/me/password",
            json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD }),
        ),
        (
            "POST",
            "/api/v1/auth/register",
            json!({ "login": "sample", "password": PASSWORD, "email": "sample@example.com" }),
        ),
        ("POST", "/api/v1/auth/login", json!({ "login": user.login, "password": PASSWORD })),
        ("POST", "/api/v1/auth/refresh", json!({ "refresh_token": user.refresh_token })),
        ("POST", "/api/v1/auth/password/forgot", json!({ "email": "nobody@example.com" })),
        ("POST", "/api/v1/me/email/verification", Value::Null),
        ("POST", "/api/v1/auth/logout", Value::Null),
        ("POST", "/api/v1/auth/logout/others", Value::Null),
        ("GET", "/api/v1/auth/oidc", Value::Null),
        ("GET", "/api/v1/auth/oidc/nobody/start", Value::Null),
        ("GET", "/api/v1/auth/oidc/nobody/callback", Value::Null),
        ("POST", "/api/v1/auth/oidc/nobody/callback", Value::Null),
        ("POST", "/api/v1/auth/oidc/exchange", json!({ "code": "x", "code_verifier": "x" })),
        ("GET", "/api/v1/me/identities", Value::Null),
        (
            "POST",
            "/api/v1/me/identities",
            json!({ "provider": "nobody", "current_password": PASSWORD }),
        ),
        ("POST", "/api/v1/oauth/introspect", Value::Null),
        ("POST", "/api/v1/oauth/revoke", Value::Null),
        ("GET", "/.well-known/oauth-authorization-server", Value::Null),
        ("GET", "/.well-known/jwks.json", Value::Null),
        ("GET", "/health/live", Value::Null),
        ("GET", "/health/ready", Value::Null),
    ];
    all.into_iter()
        .map(|(method, path, body)| (method, path.to_owned(), body))
        .chain([
            ("GET", user_path, Value::Null),
            // After it, as it could be the id of a user.
            ("GET", "/api/v1/users/deleted".to_owned(), Value::Null),
            ("GET", about_user("roles"), Value::Null),
            ("GET", about_user("permissions"), Value::Null),
            ("GET", about_user("history"), Value::Null),
            ("DELETE", about_user("sessions"), Value::Null),
            ("POST", about_user("disable"), Value::Null),
            ("POST", about_user("enable"), Value::Null),
            ("DELETE", about_user("second-factor"), Value::Null),
            ("PUT", about_user("roles/subscriber"), Value::Null),
            ("DELETE", about_user("roles/subscriber"), Value::Null),
            ("DELETE", format!("/api/v1/me/sessions/{}", user.session()), Value::Null),
            ("DELETE", format!("/api/v1/me/identities/{}", user.id), current_password()),
        ])
        .collect()
}
