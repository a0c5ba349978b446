use serde::Deserialize;

use super::parse;
use crate::problem::Problem;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    name: String,
    #[serde(default)]
    parts: Vec<Part>,
    #[serde(default)]
    free: serde_json::Value,
}

#[derive(Debug, Deserialize)]
struct Part {
    size: u8,
}

fn refused(body: impl AsRef<[u8]>) -> Problem {
    parse::<Form>(body.as_ref()).expect_err("the body should be refused")
}

fn field(body: &str) -> Option<String> {
    let problem = refused(body);
    assert_eq!((problem.status, problem.code), (422, "field_invalid"), "{problem:?}");
    assert!(!problem.detail.clone().unwrap_or_default().contains("at line"), "{problem:?}");
    problem.field
}

#[test]
fn a_good_body_is_taken() {
    let form: Form = parse(br#"{"name":"a\\u0000b","parts":[{"size":1}]}"#).expect("good");
    assert_eq!((form.name.as_str(), form.parts[0].size), ("a\\u0000b", 1));
    assert!(form.free.is_null());
}

#[test]
fn what_is_not_json_is_malformed() {
    let deep = "[".repeat(10_000);
    let bodies: [&[u8]; 7] =
        [b"", b"{", b"{\"name\":", b"nonsense", b"{\"name\":\"\xff\"}", b"{} {}", deep.as_bytes()];
    for body in bodies {
        let problem = refused(body);
        assert_eq!((problem.status, problem.code), (400, "body_malformed"));
    }
}

#[test]
fn the_field_that_is_meant_is_named() {
    assert_eq!(field("{}").as_deref(), Some("name"));
    assert_eq!(field(r#"{"name":5}"#).as_deref(), Some("name"));
    assert_eq!(field(r#"{"name":null}"#).as_deref(), Some("name"));
    assert_eq!(field(r#"{"name":"a","mane":1}"#).as_deref(), Some("mane"));
    assert_eq!(field(r#"{"name":"a","name":"b"}"#).as_deref(), Some("name"));
    assert_eq!(field(r#"{"name":"a","parts":[{"size":1},{}]}"#).as_deref(), Some("parts[1].size"));
    assert_eq!(field(r#"{"name":"a","parts":[{"size":256}]}"#).as_deref(), Some("parts[0].size"));
    assert_eq!(field(r#"{"name":"a","parts":[{"size":-1}]}"#).as_deref(), Some("parts[0].size"));
    assert_eq!(field(r#"{"name":"a","free":1e999}"#).as_deref(), Some("free"));
    assert_eq!(field("[]"), None);
    assert_eq!(field("null"), None);
    let detail = refused(r#"{"name":"a","parts":[1]}"#).detail.expect("a detail");
    assert_eq!(detail, "invalid type: integer `1`, expected an object");
}

#[test]
fn nesting_without_end_is_refused() {
    let (open, close) = ("[".repeat(5_000), "]".repeat(5_000));
    assert!(field(&format!(r#"{{"name":"a","free":{open}{close}}}"#)).is_some());
}

#[test]
fn the_nul_character_is_refused_wherever_it_hides() {
    assert_eq!(field(r#"{"name":"a\u0000"}"#).as_deref(), Some("name"));
    assert_eq!(field(r#"{"name":"a","free":{"b":["\u0000"]}}"#).as_deref(), Some("free.b[0]"));
    assert_eq!(field(r#"{"name":"a","free":{"\u0000":1}}"#).as_deref(), Some("free.\u{fffd}"));
}

#[test]
fn a_lone_surrogate_is_no_text() {
    assert_eq!(field(r#"{"name":"\ud800"}"#).as_deref(), Some("name"));
}

#[test]
fn a_long_value_is_not_sent_back_whole() {
    let long = "a".repeat(50_000);
    let problem = refused(format!(r#"{{"name":"a","parts":[{{"size":"{long}"}}]}}"#));
    assert!(problem.detail.expect("a detail").len() <= 200);
}
