//! `GET /api/v1/users/{id}/permissions`

use insta::assert_snapshot;
use tests::TestServer;

use super::give;
use crate::roles::make;

#[tokio::test]
async fn what_somebody_s_roles_come_to_is_shown_with_what_they_inherit() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    make(&root, "critic", &["subscriber"]).await;
    give(&root, &user.id, "critic").await;
    let answer = root.get(&format!("users/{}/permissions", user.id)).await;
    assert_snapshot!(answer, @"");
    let path = "users/00000000-0000-4000-8000-000000000000/permissions";
    root.get(path).await.expect(404, "user_not_found");
}
