//! `GET /api/v1/users/{id}/permissions`

use insta::assert_snapshot;
use tests::TestServer;

use super::grant;
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
      "revision": 4,
      "role_set": [
        "anonymous",
        "critic",
        "subscriber"
      ],
      "roles": [
        "critic"
      ],
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
          "effect": "allow",
          "id": 3,
          "priority": 100,
          "resource": "label:new",
          "role": "subscriber"
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
    let path = "users/00000000-0000-4000-8000-000000000000/permissions";
    root.get(path).await.expect(404, "user_not_found");
}
