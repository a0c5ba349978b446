//! `at_least`: decisions by a policy of at least a given revision.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::TestServer;

use super::film;
use crate::rules::rule;

fn request(path: &str, revision: i64) -> Value {
    match path {
        "check" => json!({ "action": "read", "resource": film(&[]), "at_least": revision }),
        "check/batch" => {
            json!({ "action": "read", "resources": [film(&[])], "at_least": revision })
        }
        _ => json!({ "action": "read", "type": "film", "at_least": revision }),
    }
}

const PATHS: [&str; 3] = ["check", "check/batch", "filter"];

#[tokio::test]
async fn a_revision_that_is_not_reached_within_a_second_is_refused() {
    let server = TestServer::start().await;
    for path in PATHS {
        let answer = server.guest().post(path, &request(path, 99)).await;
        assert_eq!(answer.expect(503, "revision_behind").header("retry-after"), "1");
        server.guest().post(path, &request(path, 1)).await.expect(200, "");
        server.guest().post(path, &request(path, i64::MIN)).await.expect(200, "");
    }
    assert_snapshot!(server.guest().post("check", &request("check", 99)).await, @r#"
    503
    {
      "code": "revision_behind",
      "retry_after": 1,
      "status": 503,
      "title": "This server has not reached that policy revision yet.",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_waits_for_the_revision_it_needs() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for (number, path) in PATHS.into_iter().enumerate() {
        let revision = 3 + i64::try_from(number).unwrap();
        let new_rule = rule(50, "anonymous", &format!("film:{number}"), "read", "deny");
        let (guest, body) = (server.guest(), request(path, revision));
        let (answer, _) = tokio::join!(guest.post(path, &body), root.post("rules", &new_rule));
        let answer = answer.ok();
        let seen = answer["revision"].as_i64().or(answer["items"][0]["revision"].as_i64());
        assert_eq!(seen, Some(revision), "{path}");
    }
}
