//! People who use the site.

use reqwest::Method;
use serde_json::json;

use crate::site::{PASSWORD, Site};

impl Site {
    /// The access token of somebody who logs in.
    pub async fn login(&self, login: &str) -> String {
        let body = json!({ "login": login, "password": PASSWORD });
        let answer = self.ask(Method::POST, "auth/login", None, &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// The access token of a new user without any role.
    pub async fn register(&self, login: &str) -> String {
        let body = json!({ "login": login, "password": PASSWORD });
        let answer = self.ask(Method::POST, "auth/register", None, &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        self.login(login).await
    }

    /// The access token of a new subscriber.
    pub async fn subscriber(&self) -> String {
        let token = self.register("ann").await;
        self.grant(&token, "subscriber").await;
        token
    }

    /// Gives the role to the user with this token.
    pub async fn grant(&self, token: &str, role: &str) {
        let root = Some(self.superuser().await);
        let root = root.as_deref();
        let made = self.ask(Method::POST, "roles", root, &json!({ "name": role })).await;
        assert!(matches!(made.status, 201 | 409), "{made:?}");
        let me = self.ask(Method::GET, "me", Some(token), &json!(null)).await.json();
        let path = format!("users/{}/roles/{role}", me["id"].as_str().unwrap());
        let granted = self.ask(Method::PUT, &path, root, &json!({})).await;
        assert!((200..300).contains(&granted.status), "{granted:?}");
    }

    /// Adds a rule.
    pub async fn rule(&self, priority: u32, role: &str, resource: &str, effect: &str) {
        let root = self.superuser().await;
        let body = json!({
            "priority": priority, "role": role, "resource": resource, "action": "read", "effect": effect,
        });
        let added = self.ask(Method::POST, "rules", Some(&root), &body).await;
        assert_eq!(added.status, 201, "{added:?}");
    }
}
