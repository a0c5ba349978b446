//! `GET /api/v1/me/permissions`

use insta::assert_snapshot;
use tests::{Caller, TestServer};

use crate::offload::{flood, with_many_rules};
use crate::rules::create_rule;
use crate::users::grant;

#[tokio::test]
async fn a_user_without_roles_sees_the_permissions_of_guests() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    assert_snapshot!(user.get("me/permissions").await, @r#"
    200
    {
      "revision": 1,
      "role_set": [
        "anonymous"
      ],
      "roles": [],
      "rules": [
        {
          "action": "read",
          "builtin": false,
          "effect": "deny",
          "id": 2,
          "priority": 10,
          "resource": "label:unlabelled",
          "role": "anonymous"
        },
        {
          "action": "read",
          "builtin": false,
          "effect": "deny",
          "id": 4,
          "priority": 200,
          "resource": "label:new",
          "role": "anonymous"
        },
        {
          "action": "read",
          "builtin": false,
          "effect": "allow",
          "id": 5,
          "priority": 1000,
          "resource": "*",
          "role": "anonymous"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn a_granted_role_appears_with_an_existing_token() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    grant(&root, &user.id, "subscriber").await;
    let permissions = user.get("me/permissions").await.ok();
    assert_eq!(permissions["roles"], serde_json::json!(["subscriber"]));
    assert_eq!(permissions["role_set"], serde_json::json!(["anonymous", "subscriber"]));
    assert_eq!(permissions["rules"].as_array().unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_beyond_those_that_wait_are_refused() {
    let server = with_many_rules().await;
    let user = server.register("ada").await;
    flood(&server, async |_| user.get("me/permissions").await).await;
}

#[tokio::test]
async fn names_in_rules_can_be_reserved_for_callers_who_may_read_rules() {
    let server = TestServer::with(&[("AUTH_FILTER_FOR", "clients")]).await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    for resource in ["film:secret", "film:*", "film", "route:/api/v1/x"] {
        create_rule(&root, 500, "anonymous", resource, "deny").await;
    }
    let resources = async |caller: &Caller| -> Vec<String> {
        let permissions = caller.get("me/permissions").await.ok();
        let rules = permissions["rules"].as_array().unwrap().iter();
        rules.map(|rule| rule["resource"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(resources(&user).await, ["film:*", "film", "route:/api/v1/x", "*"]);
    let all = resources(&root).await;
    assert!(["film:secret", "label:new"].iter().all(|name| all.contains(&(*name).into())));
}
