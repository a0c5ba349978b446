//! `/api/v1/roles…`

mod create;
mod delete;
mod inheritance;
mod read;
mod update;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Caller};

/// Creates a role that inherits these.
pub(crate) async fn create_role(root: &Caller, name: &str, inherits: &[&str]) -> Value {
    root.post("roles", &json!({ "name": name, "inherits": inherits })).await.ok()
}

async fn delete_if(root: &Caller, tag: &str, name: &str) -> Answer {
    let request = root.request(Method::DELETE, &format!("roles/{name}"));
    root.send(request.header("if-match", tag)).await
}
