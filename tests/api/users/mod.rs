//! `/api/v1/users…`

mod deleted;
mod disable;
mod permissions;
mod roles;
mod search;
mod second_factor;

use reqwest::Method;
use tests::{Answer, Caller};

pub(crate) async fn put_role(root: &Caller, user: &str, role: &str) -> Answer {
    root.send(root.request(Method::PUT, &format!("users/{user}/roles/{role}"))).await
}

/// Grants a role; returns the revision that it applies from.
pub(crate) async fn grant(root: &Caller, user: &str, role: &str) -> i64 {
    put_role(root, user, role).await.ok()["revision"].as_i64().unwrap()
}

/// Revokes a role; returns the revision that it applies from.
pub(crate) async fn revoke(root: &Caller, user: &str, role: &str) -> i64 {
    let answer = root.delete(&format!("users/{user}/roles/{role}")).await;
    answer.ok()["revision"].as_i64().unwrap()
}
