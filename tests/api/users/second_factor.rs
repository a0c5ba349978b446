//! `DELETE /api/v1/users/{id}/second-factor`

use serde_json::json;
use tests::TestServer;

use super::grant;

#[tokio::test]
async fn a_reset_removes_the_second_factor_and_ends_all_sessions() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    server.enroll(&user).await;
    let reset = format!("users/{}/second-factor", user.id);
    user.delete(&reset).await.expect(403, "forbidden");
    root.delete(&reset).await.expect(204, "");
    user.get("me").await.expect(401, "token_revoked");
    let user = server.log_in("ada").await;
    assert_eq!(user.get("me/second-factor").await.ok()["active"], false);
    // Without a second factor a reset has no effect.
    root.delete(&reset).await.expect(204, "");
    user.get("me").await.expect(200, "");
    let nobody = "users/00000000-0000-4000-8000-000000000000/second-factor";
    root.delete(nobody).await.expect(404, "user_not_found");
}

#[tokio::test]
async fn a_user_manager_cannot_reset_users_with_more_rights() {
    let server = TestServer::start().await;
    let (root, manager) = (server.superuser().await, server.register("manager").await);
    let (user, other) = (server.register("ada").await, server.register("other").await);
    root.post("roles", &json!({ "name": "manager" })).await.expect(201, "");
    let rule = json!({
        "priority": 50, "role": "manager", "resource": "route:/api/v1/users*", "action": "*",
        "effect": "allow",
    });
    root.post("rules", &rule).await.expect(201, "");
    for holder in [&manager, &other] {
        grant(&root, &holder.id, "manager").await;
    }
    for enrolled in [&root, &user, &other] {
        server.enroll(enrolled).await;
    }
    let reset = async |id: &str| manager.delete(&format!("users/{id}/second-factor")).await;
    reset(&user.id).await.expect(204, "");
    reset(&root.id).await.expect(422, "escalation");
    reset(&other.id).await.expect(422, "escalation");
    for superior in [&root, &other] {
        assert_eq!(superior.get("me/second-factor").await.ok()["active"], true);
    }
    assert_eq!(user.get("me").await.status, 401);
}
