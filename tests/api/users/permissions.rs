//! `GET /api/v1/users/{id}/permissions`

use insta::assert_snapshot;
use tests::TestServer;

use super::grant;
use crate::offload::{flood, with_many_labels};
use crate::roles::create_role;

#[tokio::test]
async fn the_permissions_of_a_user_include_inherited_roles() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    create_role(&root, "critic", &["subscriber"]).await;
    grant(&root, &user.id, "critic").await;
    let answer = root.get(&format!("users/{}/permissions", user.id)).await;
    assert_snapshot!(answer, @r#"
    200
    {
      "actions": [
        "read"
      ],
      "omitted": 0,
      "resources": [
        {
          "resource": "film",
          "verdicts": [
            {
              "action": "read",
              "allowed": true,
              "path": [
                "anonymous"
              ],
              "rule": {
                "action": "read",
                "builtin": false,
                "description": "",
                "effect": "allow",
                "id": 5,
                "priority": 1000,
                "resource": "*",
                "role": "anonymous"
              }
            }
          ]
        },
        {
          "resource": "label:new",
          "verdicts": [
            {
              "action": "read",
              "allowed": true,
              "path": [
                "critic",
                "subscriber"
              ],
              "rule": {
                "action": "read",
                "builtin": false,
                "description": "",
                "effect": "allow",
                "id": 3,
                "priority": 100,
                "resource": "label:new",
                "role": "subscriber"
              }
            }
          ]
        },
        {
          "resource": "label:unlabelled",
          "verdicts": [
            {
              "action": "read",
              "allowed": false,
              "path": [
                "anonymous"
              ],
              "rule": {
                "action": "read",
                "builtin": false,
                "description": "",
                "effect": "deny",
                "id": 2,
                "priority": 10,
                "resource": "label:unlabelled",
                "role": "anonymous"
              }
            }
          ]
        }
      ],
      "revision": 4,
      "role_set": [
        "anonymous",
        "critic",
        "subscriber"
      ],
      "roles": [
        "critic"
      ]
    }
    "#);
    let path = "users/00000000-0000-4000-8000-000000000000/permissions";
    root.get(path).await.expect(404, "user_not_found");
}

#[tokio::test]
async fn they_are_listed_off_the_serving_threads() {
    let server = with_many_labels().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let path = format!("users/{}/permissions", user.id);
    flood(&server, async |_| root.get(&path).await).await;
}
