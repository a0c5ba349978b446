//! `GET /api/v1/me/permissions`

use serde_json::{Value, json};
use tests::TestServer;

use crate::check::film;
use crate::offload::{flood, with_many_labels};
use crate::roles::create_role;
use crate::rules::{create_rule, rule};
use crate::users::grant;

/// Each resource, and for each action whether it is allowed and the priority of the rule.
fn rows(permissions: &Value) -> Vec<(&str, Vec<(bool, u64)>)> {
    let verdict = |it: &Value| (it["allowed"] == true, it["rule"]["priority"].as_u64().unwrap());
    let row = |it: &'_ Value| it["verdicts"].as_array().unwrap().iter().map(verdict).collect();
    let resources = permissions["resources"].as_array().unwrap().iter();
    resources.map(|it| (it["resource"].as_str().unwrap(), row(it))).collect()
}

#[tokio::test]
async fn a_user_without_roles_sees_the_permissions_of_guests() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let permissions = user.get("me/permissions").await.ok();
    assert_eq!(permissions["roles"], json!([]));
    assert_eq!(permissions["role_set"], json!(["anonymous"]));
    assert_eq!((&permissions["actions"], &permissions["omitted"]), (&json!(["read"]), &json!(0)));
    assert_eq!(
        rows(&permissions),
        [
            ("film", vec![(true, 1_000)]),
            ("label:new", vec![(false, 200)]),
            ("label:unlabelled", vec![(false, 10)]),
        ]
    );
}

#[tokio::test]
async fn a_granted_role_appears_with_an_existing_token() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    grant(&root, &user.id, "subscriber").await;
    let permissions = user.get("me/permissions").await.ok();
    assert_eq!(permissions["roles"], json!(["subscriber"]));
    assert_eq!(permissions["role_set"], json!(["anonymous", "subscriber"]));
    assert_eq!(rows(&permissions)[1], ("label:new", vec![(true, 100)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_beyond_those_that_wait_are_refused() {
    let server = with_many_labels().await;
    let user = server.register("ada").await;
    flood(&server, async |_| user.get("me/permissions").await).await;
    let permissions = user.get("me/permissions").await.ok();
    assert_eq!(permissions["resources"].as_array().unwrap().len(), 1_903);
    // Two verdicts on each label are too many.
    let root = server.superuser().await;
    root.post("rules", &rule(600, "anonymous", "film:*", "edit", "allow")).await.expect(201, "");
    let permissions = user.get("me/permissions").await.ok();
    assert_eq!(permissions["resources"].as_array().unwrap().len(), 1_000);
    assert_eq!(permissions["omitted"], 1_902 - 999);
}

#[tokio::test]
async fn names_in_rules_can_be_reserved_for_callers_who_may_read_rules() {
    let server = TestServer::with(&[("AUTH_FILTER_FOR", "clients")]).await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    create_rule(&root, 500, "anonymous", "label:secret", "deny").await;
    let permissions = user.get("me/permissions").await.ok();
    assert_eq!(rows(&permissions), [("film", vec![(true, 1_000)])]);
    assert!(!permissions.to_string().contains("secret"), "{permissions}");
    let permissions = root.get("me/permissions").await.ok();
    let names: Vec<&str> = rows(&permissions).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["film", "label:new", "label:secret", "label:unlabelled"]);
}

#[tokio::test]
async fn a_permission_is_what_a_check_of_a_film_with_the_label_says() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    create_role(&root, "editor", &["subscriber"]).await;
    for (priority, resource, action, effect) in [
        (30, "label:new", "edit", "deny"),
        (40, "label:*", "edit", "allow"),
        (50, "film:*", "edit", "allow"),
    ] {
        root.post("rules", &rule(priority, "editor", resource, action, effect))
            .await
            .expect(201, "");
    }
    grant(&root, &user.id, "editor").await;
    for caller in [&user, &root] {
        let permissions = caller.get("me/permissions").await.ok();
        assert_eq!(permissions["actions"], json!(["edit", "read"]));
        for row in permissions["resources"].as_array().unwrap() {
            let label = row["resource"].as_str().unwrap().strip_prefix("label:");
            for verdict in row["verdicts"].as_array().unwrap() {
                let film = film(label.as_slice());
                let body = json!({ "action": verdict["action"], "resource": film });
                let check = caller.post("check", &body).await.ok();
                assert_eq!(verdict["allowed"], check["allowed"], "{row} {body}");
            }
        }
    }
}
