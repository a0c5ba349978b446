//! Granting and revoking `superuser`.

use insta::assert_snapshot;
use tests::TestServer;

use crate::users::{grant, put_role, revoke};

#[tokio::test]
async fn the_last_superuser_cannot_be_revoked() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let own = format!("users/{}/roles/superuser", root.id);
    assert_snapshot!(root.delete(&own).await.expect(409, "last_superuser"), @r#"
    409
    {
      "code": "last_superuser",
      "status": 409,
      "title": "The last superuser cannot be removed.",
      "type": "about:blank"
    }
    "#);
    root.get("rules").await.expect(200, "");
    grant(&root, &user.id, "superuser").await;
    revoke(&root, &root.id, "superuser").await;
    root.get("rules").await.expect(403, "forbidden");
    let last = format!("users/{}/roles/superuser", user.id);
    user.delete(&last).await.expect(409, "last_superuser");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_superusers_who_revoke_each_other_concurrently_one_remains() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for round in 0..5 {
        let other = server.register(&format!("other{round}")).await;
        grant(&root, &other.id, "superuser").await;
        let (one, two) = (
            format!("users/{}/roles/superuser", other.id),
            format!("users/{}/roles/superuser", root.id),
        );
        let (one, two) = tokio::join!(root.delete(&one), other.delete(&two));
        let count = "SELECT count(*) FROM user_roles WHERE role = 'superuser'";
        assert_eq!(server.database.count(count).await, 1, "{one} {two}");
        if two.status == 200 {
            grant(&other, &root.id, "superuser").await;
            revoke(&root, &other.id, "superuser").await;
        }
    }
}

#[tokio::test]
async fn a_disabled_superuser_does_not_count_as_the_last_one() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    grant(&root, &user.id, "superuser").await;
    server.database.execute("UPDATE users SET disabled_at = now() WHERE login = 'ada'").await;
    let own = format!("users/{}/roles/superuser", root.id);
    root.delete(&own).await.expect(409, "last_superuser");
}

#[tokio::test]
async fn a_user_without_rights_cannot_grant_superuser() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    put_role(&user, &user.id, "superuser").await.expect(403, "forbidden");
    user.delete(&format!("users/{}/roles/superuser", root.id)).await.expect(403, "forbidden");
    assert_eq!(user.get("me").await.ok()["roles"], serde_json::json!([]));
}
