//! `/api/v1/rules…`

mod create;
mod delete;
mod read;
mod update;
mod warnings;

use serde_json::{Value, json};
use tests::Caller;

pub(crate) fn rule(priority: i64, role: &str, resource: &str, action: &str, effect: &str) -> Value {
    json!({
        "priority": priority, "role": role, "resource": resource, "action": action,
        "effect": effect,
    })
}

/// Creates a rule about reading; returns its id.
pub(crate) async fn create_rule(
    root: &Caller,
    priority: i64,
    role: &str,
    resource: &str,
    effect: &str,
) -> i64 {
    let made = root.post("rules", &rule(priority, role, resource, "read", effect)).await.ok();
    made["id"].as_i64().unwrap()
}
