//! `POST /api/v1/filter`. `tests/property` shows on a real Elasticsearch that a filter admits
//! exactly what a check allows.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::{Answer, Caller, TestServer};

use crate::rules::create_rule;
use crate::users::grant;

async fn filter(caller: &Caller, action: &str, kind: &str) -> Answer {
    caller.post("filter", &json!({ "action": action, "type": kind })).await
}

#[tokio::test]
async fn a_guest_gets_a_query_for_what_guests_may_read() {
    let server = TestServer::start().await;
    assert_snapshot!(filter(&server.guest(), "read", "film").await, @r#"
    200
    {
      "kind": "some",
      "query": {
        "bool": {
          "filter": [
            {
              "bool": {
                "filter": [
                  {
                    "exists": {
                      "field": "access.labelled_at"
                    }
                  }
                ],
                "must_not": [
                  {
                    "terms": {
                      "access.labels": [
                        "unlabelled"
                      ]
                    }
                  },
                  {
                    "bool": {
                      "filter": [
                        {
                          "term": {
                            "access.labels": "new"
                          }
                        }
                      ],
                      "must_not": [
                        {
                          "range": {
                            "access.until.new": {
                              "lte": "now/s"
                            }
                          }
                        },
                        {
                          "range": {
                            "access.from.new": {
                              "gt": "now/s"
                            }
                          }
                        }
                      ]
                    }
                  }
                ]
              }
            }
          ]
        }
      },
      "revision": 1,
      "valid_until": null
    }
    "#);
}

#[tokio::test]
async fn the_filter_matches_everything_for_the_superuser_and_nothing_without_permission() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    assert_snapshot!(filter(&root, "read", "film").await, @r#"
    200
    {
      "kind": "all",
      "query": {
        "match_all": {}
      },
      "revision": 2,
      "valid_until": null
    }
    "#);
    assert_snapshot!(filter(&server.guest(), "write", "film").await, @r#"
    200
    {
      "kind": "none",
      "query": {
        "match_none": {}
      },
      "revision": 2,
      "valid_until": null
    }
    "#);
    assert_eq!(filter(&server.guest(), "", "no type").await.ok()["kind"], "none");
}

#[tokio::test]
async fn a_filter_follows_the_rules_and_the_callers_roles() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let before = filter(&user, "read", "film").await.ok();
    assert_eq!(before, filter(&user, "read", "film").await.ok(), "kept");
    assert_eq!(before["query"], filter(&server.guest(), "read", "film").await.ok()["query"]);
    grant(&root, &user.id, "subscriber").await;
    let subscriber = filter(&user, "read", "film").await.ok();
    assert_ne!(subscriber["query"], before["query"]);
    assert_eq!(subscriber["revision"], 3);
    create_rule(&root, 50, "anonymous", "film:f1", "deny").await;
    let without = filter(&user, "read", "film").await.ok();
    assert_ne!(without["query"], subscriber["query"]);
    assert!(without["query"].to_string().contains("f1"), "{without}");
}

#[tokio::test]
async fn validity_periods_are_evaluated_at_a_time_the_caller_may_choose() {
    let server = TestServer::start().await;
    let at = |at: Value| json!({ "action": "read", "type": "film", "at": at });
    let named = server.guest().post("filter", &at(json!("2030-01-01T00:00:00Z"))).await.ok();
    assert!(named["query"].to_string().contains("2030-01-01T00:00:00"), "{named}");
    let now = filter(&server.guest(), "read", "film").await.ok();
    assert!(now["query"].to_string().contains("now/s"), "{now}");
    for broken in [json!("yesterday"), json!(7), json!("2030-01-01"), json!("")] {
        let answer = server.guest().post("filter", &at(broken)).await;
        assert_eq!(answer.expect(422, "field_invalid").field(), "at");
    }
    for far in ["+262142-12-31T23:59:59Z", "-262143-01-01T00:00:00Z", "0000-01-01T00:00:00Z"] {
        let answer = server.guest().post("filter", &at(json!(far))).await;
        assert!(answer.status < 500, "{answer}");
    }
}
