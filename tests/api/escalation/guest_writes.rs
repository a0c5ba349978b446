//! No rule opens the server's own writes to everyone.

use insta::assert_snapshot;
use tests::TestServer;

use crate::rules::rule;

#[tokio::test]
async fn a_rule_that_lets_everyone_write_through_the_api_is_refused_for_a_superuser_too() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for resource in ["*", "r*", "route:*", "route:/*", "route:/api/v1/rules", "route:/api*"] {
        for action in ["*", "POST", "PUT", "PATCH", "DELETE", "P*", "DEL*"] {
            let body = rule(60, "anonymous", resource, action, "allow");
            root.post("rules", &body).await.expect(422, "escalation");
            root.put("rules/5", &body).await.expect(422, "escalation");
        }
    }
    let body = rule(60, "anonymous", "*", "*", "allow");
    assert_snapshot!(root.post("rules", &body).await, @r#"
    422
    {
      "code": "escalation",
      "detail": "this would let guests write through the server's own API",
      "status": 422,
      "title": "This write would grant more privileges than you may grant.",
      "type": "about:blank"
    }
    "#);
    assert_eq!(server.database.count("SELECT count(*) FROM rules").await, 5);
}

#[tokio::test]
async fn everyone_may_be_let_read_through_the_api_but_a_guest_still_needs_a_token() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let body = rule(60, "anonymous", "route:/api/v1/rules*", "GET", "allow");
    root.post("rules", &body).await.expect(201, "");
    user.get("rules").await.expect(200, "");
    server.guest().get("rules").await.expect(401, "token_missing");
}
