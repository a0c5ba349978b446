//! `/api/v1/policy/changes`, `/api/v1/policy/preview` and `dry_run`.

mod apply;
mod dry_run;
mod errors;
mod preview;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Caller};

/// Applies changes to the policy as it is.
async fn apply(caller: &Caller, changes: &[Value]) -> Answer {
    apply_if(caller, "*", changes).await
}

async fn apply_if(caller: &Caller, tag: &str, changes: &[Value]) -> Answer {
    let request = caller.request(Method::POST, "policy/changes").header("if-match", tag);
    caller.send(request.json(&json!({ "changes": changes }))).await
}

async fn preview(caller: &Caller, changes: &[Value]) -> Answer {
    caller.post("policy/preview", &json!({ "changes": changes })).await
}
