//! `POST /api/v1/filter`. `tests/property` shows on a real Elasticsearch that a filter admits
//! exactly what a check allows.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::{join, join_all};
use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};
use tests::{Answer, Caller, TestServer};
use tokio::sync::Notify;

use crate::oauth::Client;
use crate::offload::{evaluations, flood, with_many_rules};
use crate::rules::create_rule;
use crate::users::grant;

async fn filter(caller: &Caller, action: &str, kind: &str) -> Answer {
    caller.post("filter", &json!({ "action": action, "type": kind })).await
}

#[tokio::test]
async fn a_guest_gets_a_query_for_what_guests_may_read() {
    let server = TestServer::start().await;
    let answer = filter(&server.guest(), "read", "film").await.ok();
    assert_json_snapshot!(answer, @r#"
    {
      "kind": "some",
      "query": {
        "bool": {
          "filter": [
            {
              "exists": {
                "field": "id"
              }
            },
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
async fn if_a_rule_tells_numbers_with_several_spellings_films_with_such_a_label_are_unlabelled() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let labelled = async || {
        let answer = filter(&server.guest(), "read", "film").await.ok();
        answer["query"]["bool"]["filter"][1]["bool"]["filter"][0].clone()
    };
    let written = json!({ "exists": { "field": "access.labelled_at" } });
    assert_eq!(labelled().await, written);
    let allowed = async || {
        let access = json!({ "labels": [1e5], "labelled_at": "2026-01-01T00:00:00Z" });
        let resource = json!({ "type": "film", "id": "a", "access": access });
        let body = json!({ "action": "read", "resource": resource });
        server.guest().post("check", &body).await.ok()["reason"]["code"].clone()
    };
    assert_eq!(allowed().await, "allowed");

    let rule = create_rule(&root, 50, "anonymous", "label:1*", "allow").await;
    let regexp =
        |value| json!({ "regexp": { "access.labels": { "value": value, "flags": "NONE" } } });
    let uncertain = json!([
        { "terms": { "access.labels": ["0", "-0", "Infinity", "-Infinity"] } },
        regexp("-?[0-9]{19,}"),
        regexp("-?[0-9]+[.eE][-+.eE0-9]*"),
    ]);
    let certain = json!({ "bool": { "filter": [written], "must_not": uncertain } });
    assert_eq!(labelled().await, certain);
    assert_eq!(allowed().await, "unlabelled");

    root.delete(&format!("rules/{rule}")).await.ok();
    create_rule(&root, 50, "anonymous", "label:1x", "deny").await;
    assert_eq!(labelled().await, written);
    assert_eq!(allowed().await, "allowed");
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

fn at(second: usize) -> Value {
    json!({ "action": "read", "type": "film", "at": format!("2030-01-01T00:00:{second:02}Z") })
}

#[tokio::test]
async fn invented_actions_and_types_derive_no_filter_of_their_own() {
    let server = TestServer::start().await;
    let expected = filter(&server.guest(), "read", "series").await.ok();
    for n in 0..50 {
        let series = filter(&server.guest(), "read", &format!("invented{n}")).await.ok();
        assert_eq!(series, expected);
        let none = filter(&server.guest(), &format!("invented{n}"), "film").await.ok();
        assert_eq!(none["kind"], "none");
    }
    // One for types that no rule names, one for actions that only the superuser's rule covers.
    assert_eq!(evaluations(&server).await, 2);
}

#[tokio::test]
async fn an_action_has_at_most_128_bytes() {
    let server = TestServer::start().await;
    for (action, valid) in
        [("a".repeat(128), true), ("a".repeat(129), false), ("é".repeat(65), false)]
    {
        let film = json!({ "type": "film" });
        for (path, body) in [
            ("filter", json!({ "action": action, "type": "film" })),
            ("check", json!({ "action": action, "resource": film })),
            ("check/batch", json!({ "action": action, "resources": [film] })),
        ] {
            let answer = server.guest().post(path, &body).await;
            if valid {
                answer.ok();
            } else {
                assert_eq!(answer.expect(422, "field_invalid").field(), "action", "{path}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_for_a_new_filter_derive_it_once() {
    let server = with_many_rules().await;
    let guest = server.guest();
    let answers = join_all((0..100).map(|_| filter(&guest, "read", "film"))).await;
    let first = answers[0].ok();
    assert!(answers.iter().all(|answer| answer.ok() == first));
    assert_eq!(evaluations(&server).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_at_a_time_beyond_those_that_wait_are_refused() {
    let server = with_many_rules().await;
    let guest = server.guest();
    flood(&server, async |n| guest.post("filter", &at(n % 60)).await).await;
}

/// The test's server has a single thread for requests.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_does_not_wait_for_filters() {
    let server = with_many_rules().await;
    let (guest, derived, progress) = (server.guest(), AtomicUsize::new(0), Notify::new());
    let filters = join_all((0..30).map(async |n| {
        guest.post("filter", &at(n)).await.ok();
        derived.fetch_add(1, Ordering::Relaxed);
        progress.notify_one();
    }));
    let check = async {
        progress.notified().await;
        server.wait_for_revision(1).await;
        derived.load(Ordering::Relaxed)
    };
    let (_, derived_before) = join(filters, check).await;
    assert!(derived_before < 15, "{derived_before}");
}

#[tokio::test]
async fn filters_can_be_reserved_for_service_clients() {
    let server = TestServer::with(&[("AUTH_FILTER_FOR", "clients")]).await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    for caller in [&server.guest(), &user.caller, &root.caller] {
        let answer = filter(caller, "read", "film").await.expect(401, "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic "), "{answer}");
    }
    let client = Client::with_scopes(&server, &root, "films", &["filter"]).await;
    for token in [None, Some(user.token())] {
        let request = server.guest().request(reqwest::Method::POST, "filter");
        let mut request =
            client.authenticated(request).json(&json!({ "action": "read", "type": "film" }));
        if let Some(token) = token {
            request = request.header("x-subject-token", token);
        }
        server.guest().send(request).await.ok();
    }
    server.wait_for_revision(1).await;
}
