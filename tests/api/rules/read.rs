//! `GET /api/v1/rules`, `GET /api/v1/rules/{id}`

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::TestServer;

use super::create_rule;

#[tokio::test]
async fn rules_are_listed_in_the_order_of_evaluation() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    assert_snapshot!(root.get("rules?limit=2").await, @r#"
    200
    {
      "items": [
        {
          "action": "*",
          "builtin": true,
          "description": "",
          "effect": "allow",
          "id": 1,
          "priority": 0,
          "resource": "*",
          "revision": 1,
          "role": "superuser"
        },
        {
          "action": "read",
          "builtin": false,
          "description": "",
          "effect": "deny",
          "id": 2,
          "priority": 10,
          "resource": "label:unlabelled",
          "revision": 1,
          "role": "anonymous"
        }
      ],
      "next": "eyJwcmlvcml0eSI6MTAsImFsbG93IjpmYWxzZSwiaWQiOjJ9"
    }
    "#);
    let priorities: Vec<i64> = numbers(&root.items("rules").await, "priority");
    assert_eq!(priorities, [0, 10, 100, 200, 1000]);
}

#[tokio::test]
async fn deny_precedes_allow_at_the_same_priority() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let allow = create_rule(&root, 50, "subscriber", "film:a", "allow").await;
    let deny = create_rule(&root, 50, "subscriber", "film:a", "deny").await;
    let ids = numbers(&root.items("rules?role=subscriber").await, "id");
    assert_eq!(ids[..2], [deny, allow]);
}

#[tokio::test]
async fn rules_are_paged_without_gaps_or_repeats_for_all_roles_and_for_one() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for number in 0..12 {
        let effect = if number % 3 == 0 { "allow" } else { "deny" };
        create_rule(&root, 50 + number % 4, "subscriber", &format!("film:f{number}"), effect).await;
    }
    for (query, count) in [("", 17), ("role=subscriber&", 13), ("role=nobody&", 0)] {
        let all = numbers(&root.items(&format!("rules?{query}limit=1000")).await, "id");
        assert_eq!(all.len(), count);
        for limit in [1, 4, 17] {
            let rules = root.items(&format!("rules?{query}limit={limit}")).await;
            let paged = numbers(&rules, "id");
            assert_eq!(paged, all, "{query} {limit}");
        }
    }
}

#[tokio::test]
async fn an_unknown_rule_is_not_found() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for id in ["99", "0", "-1", "2147483647"] {
        root.get(&format!("rules/{id}")).await.expect(404, "rule_not_found");
    }
    let rule = root.get("rules/1").await;
    assert_eq!((rule.ok()["builtin"].clone(), rule.header("etag")), (json!(true), "\"1\""));
}

fn numbers(rules: &[Value], field: &str) -> Vec<i64> {
    rules.iter().map(|item| item[field].as_i64().unwrap()).collect()
}
