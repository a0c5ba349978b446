//! About whom a decision can be explained.

use serde_json::{Value, json};
use tests::{TestServer, current_password};

use super::explain;
use crate::check::film;

#[tokio::test]
async fn nothing_is_allowed_to_a_disabled_or_deleted_account() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let (disabled, deleted) = (server.register("ada").await, server.register("bob").await);
    root.post_empty(&format!("users/{}/disable", disabled.id)).await.expect(204, "");
    deleted.delete_with("me", &current_password()).await.expect(204, "");
    for subject in ["ada", &disabled.id, &deleted.id] {
        let explained = explain(&root, json!({ "user": subject }), film(&[])).await.ok();
        assert_eq!(explained["allowed"], false, "{explained}");
        assert_eq!(explained["reason"], json!({ "code": "subject_disabled" }));
        assert_eq!((&explained["verdicts"], &explained["role_set"]), (&json!([]), &json!([])));
    }
}

#[tokio::test]
async fn an_unknown_account_or_role_is_named() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for user in ["nobody", "", "bob\u{301}", "00000000-0000-4000-8000-000000000000"] {
        let answer = explain(&root, json!({ "user": user }), film(&[])).await;
        assert_eq!(answer.expect(422, "user_not_found").field(), "subject.user", "{user}");
    }
    for (role, hint) in [
        ("subscribr", "did you mean `subscriber`?"),
        ("super-user", "did you mean `superuser`?"),
        ("No role", "There is no role"),
    ] {
        let roles = json!({ "roles": ["subscriber", role] });
        let answer = explain(&root, roles, film(&[])).await.expect(422, "role_unknown");
        assert_eq!(answer.field(), "subject.roles[1]");
        assert!(answer.string("detail").contains(hint), "{answer}");
    }
}

#[tokio::test]
async fn a_superuser_can_be_explained_as_a_role() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let superuser = json!({ "roles": ["superuser"] });
    let explained = explain(&root, superuser, film(&["new"])).await.ok();
    assert_eq!(
        (&explained["allowed"], &explained["reason"]["path"]),
        (&json!(true), &json!(["superuser"]))
    );
    let nobody = explain(&root, json!({ "roles": [] }), film(&["new"])).await.ok();
    let guest = explain(&root, Value::Null, film(&["new"])).await.ok();
    assert_eq!(nobody["reason"], guest["reason"]);
}
