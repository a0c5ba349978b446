//! Parameters in paths and queries.

use insta::assert_snapshot;
use tests::TestServer;

use crate::rules::rule;
use crate::samples::{Sample, samples};

const USER: &str = "users/00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn an_invalid_limit_or_cursor_is_named() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let history = format!("users/{}/history", root.id);
    for list in ["roles", "rules", "users", "audit", "me/history", &history] {
        for limit in ["0", "1001", "-1", "x", "", "99999999999", "1.5"] {
            let answer = root.get(&format!("{list}?limit={limit}")).await;
            assert_eq!(answer.expect(422, "field_invalid").field(), "limit", "{limit}");
        }
        // Not base64, not JSON, and JSON of the wrong shape.
        for cursor in
            ["x", "*", "e30", "W10", "bnVsbA", "%F0%9F%92%A9", "IlxcdTAwMDAi", "WzEsMiwzXQ"]
        {
            let answer = root.get(&format!("{list}?cursor={cursor}")).await;
            assert_eq!(answer.expect(422, "field_invalid").field(), "cursor", "{list} {cursor}");
        }
    }
    assert_snapshot!(root.get("rules?limit=0").await, @r#"
    422
    {
      "code": "field_invalid",
      "detail": "A page has 1 to 1000 items.",
      "field": "limit",
      "status": 422,
      "title": "A field or parameter is missing or invalid.",
      "type": "about:blank"
    }
    "#);
    let answer = root.get("rules?role=No").await.expect(422, "name_invalid");
    assert_eq!(answer.field(), "role");
}

#[tokio::test]
async fn a_nul_character_is_refused_anywhere_in_a_url() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for path in [
        "roles/a%00b",
        "users?login=%00",
        "me/history?outcome=%00",
        "rules?role=a%00",
        "rules?cursor=%00",
        "users/%00/roles",
        &format!("{USER}/roles/a%00"),
    ] {
        root.get(path).await.expect(422, "field_invalid");
    }
}

#[tokio::test]
async fn invalid_utf8_in_a_url_causes_no_server_error() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for path in [
        "roles/%ff",
        "roles/%c3%28",
        "rules/%ff",
        "users?login=%ff",
        "rules?role=%ff%fe",
        "users?limit=%ff",
        "users?login=%",
        "users?login=%zz",
        "users?%ff=%ff",
        "roles/..%2f..",
        "roles?limit=1&limit=2",
        "users?login=a&login=b",
    ] {
        let answer = root.get(path).await;
        assert!(answer.status < 500, "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn an_unknown_path_or_method_returns_a_problem() {
    let server = TestServer::start().await;
    let guest = server.guest();
    assert_snapshot!(guest.get("nothing/here").await.expect(404, "not_found"), @r#"
    404
    {
      "code": "not_found",
      "detail": "`/openapi.json` lists all paths.",
      "status": 404,
      "title": "Unknown path.",
      "type": "about:blank"
    }
    "#);
    let answer = guest.delete("check").await.expect(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "POST");
    let answer = guest.patch("rules/3", &serde_json::json!({})).await;
    assert_eq!(answer.expect(405, "method_not_allowed").header("allow"), "DELETE, GET, HEAD, PUT");
    for path in ["/api", "/api/v1", "/api/v1/", "//", "/docs/x", "/api/v2/check"] {
        guest.get(path).await.expect(404, "not_found");
    }
}

#[tokio::test]
async fn an_invalid_if_match_header_never_lets_a_write_through() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let body = rule(7, "subscriber", "film:x", "read", "deny");
    for tag in ["", "1", "W/\"1\"", "\"", "\"99\"", "\u{e9}", "\"0\", \"2\"", &"x".repeat(5_000)] {
        let answer = root.if_match(tag, reqwest::Method::PUT, "rules/3", &body).await;
        assert!(matches!(answer.status, 400 | 412 | 422), "{tag:?}: {answer:?}");
    }
    let twice = root.request(reqwest::Method::PUT, "rules/3").json(&body);
    let twice = twice.header("if-match", "*").header("if-match", "\"1\"");
    assert_eq!(root.send(twice).await.expect(422, "field_invalid").field(), "If-Match");
    root.if_match("\"0\", \"1\"", reqwest::Method::PUT, "rules/3", &body).await.expect(200, "");
}

/// Where standards allow parameters that the server does not know, or proxies pass on those of another request.
const LENIENT: [&str; 5] =
    ["/.well-known/", "/access/v1/", "/health/", "/callback", "/forward-auth"];

#[tokio::test]
async fn an_unknown_or_repeated_query_parameter_is_refused_with_the_closest_name() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for sample in samples(&server, &root).await {
        let path = &sample.path;
        let other = Sample { path: format!("{path}?nonsense=1"), ..sample.clone() };
        let answer = other.send(&root).await;
        if LENIENT.iter().any(|part| path.contains(part)) {
            assert_ne!(answer.status, 422, "{}", sample.name());
        } else {
            assert_eq!(answer.expect(422, "field_invalid").field(), "nonsense", "{path}");
        }
    }
    let answer = root.get("users?logn=ada").await.expect(422, "field_invalid");
    assert!(answer.string("detail").contains("did you mean `login`?"), "{answer}");
    let answer = root.get("users?emial=ada").await.expect(422, "field_invalid");
    assert_eq!(answer.field(), "emial");
    for path in ["users?login=a&login=b", "roles?limit=1&limit=2"] {
        root.get(path).await.expect(422, "field_invalid");
    }
}
