//! `DELETE /api/v1/rules/{id}`

use insta::assert_snapshot;
use reqwest::Method;
use tests::TestServer;

use super::rule;

#[tokio::test]
async fn a_deleted_rule_is_gone() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    assert_snapshot!(root.delete("rules/3").await, @r#"
    200
    {
      "revision": 3,
      "warnings": []
    }
    "#);
    root.get("rules/3").await.expect(404, "rule_not_found");
    root.delete("rules/3").await.expect(404, "rule_not_found");
    root.put("rules/3", &rule(7, "subscriber", "film:x", "read", "deny"))
        .await
        .expect(404, "rule_not_found");
}

#[tokio::test]
async fn the_superusers_rule_cannot_be_deleted() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    root.delete("rules/1").await.expect(409, "builtin_immutable");
}

#[tokio::test]
async fn a_rule_that_has_changed_is_not_deleted() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let tag = root.get("rules/3").await.header("etag").to_owned();
    let body = rule(7, "subscriber", "film:x", "read", "deny");
    root.put("rules/3", &body).await.expect(200, "");
    let delete = async |tag: &str| {
        let request = root.request(Method::DELETE, "rules/3").header("if-match", tag);
        root.send(request).await
    };
    delete(&tag).await.expect(412, "precondition_failed");
    let tag = root.get("rules/3").await.header("etag").to_owned();
    delete(&tag).await.expect(200, "");
}
