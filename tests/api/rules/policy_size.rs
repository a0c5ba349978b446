//! A policy stays small enough for a search filter.

use insta::assert_snapshot;
use tests::{Database, TestServer};

use super::rule;

#[tokio::test]
async fn the_thousand_and_first_prefix_of_a_type_is_refused() {
    let database = Database::migrated().await;
    database
        .execute(
            "INSERT INTO rules (priority, role, resource, action, effect, created_at, revision)
             SELECT 500, 'anonymous', 'film:p' || n || '*', 'read', 'deny', now(), 1
             FROM generate_series(1, 1000) n",
        )
        .await;
    let server = TestServer::on(database, &[]).await;
    let root = server.superuser().await;
    let one_more = rule(500, "anonymous", "film:q*", "read", "deny");
    let answer = root.post("rules", &one_more).await;
    assert_snapshot!(answer.expect(422, "policy_too_large"), @r#"
    422
    {
      "code": "policy_too_large",
      "detail": "more than 1000 prefixes are ruled on for type \"film\"",
      "status": 422,
      "title": "The policy would exceed the size limit of a search filter.",
      "type": "about:blank"
    }
    "#);
    root.put("rules/3", &one_more).await.expect(422, "policy_too_large");
    let another_type = rule(500, "anonymous", "series:q*", "read", "deny");
    root.post("rules", &another_type).await.expect(201, "");
    let count = server.database.count("SELECT count(*) FROM rules").await;
    assert_eq!(count, 1006, "half-written");
}
