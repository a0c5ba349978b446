//! `GET /api/v1/roles`, `GET /api/v1/roles/{name}`

use insta::assert_snapshot;
use serde_json::Value;
use tests::TestServer;

use super::create_role;

#[tokio::test]
async fn a_role_is_returned_with_its_rules() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let answer = root.get("roles/subscriber").await;
    assert_snapshot!(answer, @r#"
    200
    {
      "builtin": false,
      "description": "",
      "inherits": [],
      "name": "subscriber",
      "revision": 1,
      "rules": [
        {
          "action": "read",
          "builtin": false,
          "description": "",
          "effect": "allow",
          "id": 3,
          "priority": 100,
          "resource": "label:new",
          "revision": 1,
          "role": "subscriber"
        }
      ]
    }
    "#);
    assert_eq!(answer.header("etag"), "\"1\"");
    assert_snapshot!(root.get("roles/nobody").await.expect(404, "role_not_found"), @r#"
    404
    {
      "code": "role_not_found",
      "status": 404,
      "title": "Role not found.",
      "type": "about:blank"
    }
    "#);
    root.get("roles/No").await.expect(404, "role_not_found");
}

#[tokio::test]
async fn roles_are_paged_without_gaps_or_repeats() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for name in ["b", "a-b", "a_b", "a.b", "a", "ab", "0", "z9"] {
        create_role(&root, name, &[]).await;
    }
    let all = names(&root.items("roles?limit=1000").await);
    assert_eq!(
        all,
        ["0", "a", "a-b", "a.b", "a_b", "ab", "anonymous", "b", "subscriber", "superuser", "z9"]
    );
    for limit in [1, 2, 3, 10, 11] {
        let paged = names(&root.items(&format!("roles?limit={limit}")).await);
        assert_eq!(paged, all, "{limit}");
    }
}

fn names(roles: &[Value]) -> Vec<String> {
    roles.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}
