//! Accounts, roles and rules of a site.

use std::time::SystemTime;

use serde_json::json;
use tests::{AuthenticatorApp, Caller, PASSWORD, current_password};

use crate::site::Site;

impl Site {
    /// The access token of a new session.
    pub(crate) async fn log_in(&self, login: &str) -> String {
        self.guest().log_in(login, PASSWORD).await.expect(200, "").string("access_token")
    }

    /// The access token of a new user without any role.
    pub(crate) async fn register(&self, login: &str) -> String {
        let body = json!({ "login": login, "password": PASSWORD });
        self.guest().post("auth/register", &body).await.expect(201, "").string("access_token")
    }

    /// The access token of a new subscriber.
    pub(crate) async fn subscriber(&self) -> String {
        let token = self.register("ann").await;
        self.grant(&token, "subscriber").await;
        token
    }

    /// Enables a second factor for the user with this token; returns a recovery code.
    #[expect(clippy::disallowed_methods, reason = "the program goes by the system's clock")]
    pub(crate) async fn enable_second_factor(&self, token: &str) -> String {
        let user = self.guest().with_token(token);
        let enrollment = user.post("me/second-factor", &current_password()).await.ok();
        let code = AuthenticatorApp::scan(&enrollment).code_at(SystemTime::now().into());
        let enabled = user.post("me/second-factor/confirm", &json!({ "code": code })).await.ok();
        enabled["recovery_codes"][0].as_str().unwrap().to_owned()
    }

    /// Grants a role, which may be new, to the user with this token.
    pub(crate) async fn grant(&self, token: &str, role: &str) {
        let root = self.root().await;
        let created = root.post("roles", &json!({ "name": role })).await;
        assert!(matches!(created.status, 201 | 409), "{created:?}");
        let id = self.guest().with_token(token).get("me").await.string("id");
        root.put(&format!("users/{id}/roles/{role}"), &json!({})).await.ok();
    }

    /// Creates a rule about reading.
    pub(crate) async fn rule(&self, priority: u32, role: &str, resource: &str, effect: &str) {
        let body = json!({
            "priority": priority, "role": role, "resource": resource, "action": "read", "effect": effect,
        });
        self.root().await.post("rules", &body).await.expect(201, "");
    }

    async fn root(&self) -> Caller {
        self.guest().with_token(&self.superuser().await)
    }
}
