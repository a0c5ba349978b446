//! `/api/v1/policy/revisions…`

mod compare;
mod kept;
mod property;
mod restore;

use reqwest::Method;
use serde_json::Value;
use tests::{Answer, Caller};

/// The policy as text, and its ETag.
async fn policy(root: &Caller) -> (String, String) {
    let answer = root.get("policy").await.expect(200, "");
    (answer.text.clone(), answer.header("etag").to_owned())
}

/// The present revision.
async fn present(root: &Caller) -> i64 {
    policy(root).await.1.trim_matches('"').parse().unwrap()
}

/// The policy of a revision as text.
async fn text_at(root: &Caller, revision: i64) -> String {
    let answer = root.get(&format!("policy/revisions/{revision}")).await.expect(200, "");
    assert_eq!(answer.header("etag"), format!("\"{revision}\""));
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    answer.text
}

async fn restore_if(root: &Caller, tag: &str, revision: i64) -> Answer {
    let request = root.request(Method::POST, &format!("policy/revisions/{revision}/restore"));
    root.send(request.header("if-match", tag)).await
}

/// Restores a revision on top of the present one.
async fn restore(root: &Caller, revision: i64) -> Answer {
    restore_if(root, &policy(root).await.1, revision).await
}

/// The same, which has to succeed.
async fn restored(root: &Caller, revision: i64) -> Value {
    restore(root, revision).await.expect(200, "").json()
}
