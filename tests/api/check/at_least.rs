//! Answers by a policy that is new enough.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::TestServer;

use super::film;
use crate::rules::rule;

fn question(path: &str, revision: i64) -> Value {
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
async fn a_revision_that_is_not_there_within_a_second_is_refused() {
    let server = TestServer::start().await;
    for path in PATHS {
        let answer = server.guest().post(path, &question(path, 99)).await;
        assert_eq!(answer.expect(503, "revision_behind").header("retry-after"), "1");
        server.guest().post(path, &question(path, 1)).await.expect(200, "");
        server.guest().post(path, &question(path, i64::MIN)).await.expect(200, "");
    }
    assert_snapshot!(server.guest().post("check", &question("check", 99)).await, @r#"
    503
    {
      "code": "revision_behind",
      "retry_after": 1,
      "status": 503,
      "title": "This server has not yet reached that revision.",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_waits_for_the_revision_that_it_needs() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for (number, path) in PATHS.into_iter().enumerate() {
        let revision = 3 + i64::try_from(number).unwrap();
        let body = rule(50, "anonymous", &format!("film:{number}"), "read", "deny");
        let (asked, question) = (server.guest(), question(path, revision));
        let (answer, _) = tokio::join!(asked.post(path, &question), root.post("rules", &body));
        let answer = answer.ok();
        let seen = answer["revision"].as_i64().or(answer["items"][0]["revision"].as_i64());
        assert_eq!(seen, Some(revision), "{path}");
    }
}
