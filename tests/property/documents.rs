//! Documents of every kind that the film index accepts, and some that it rejects.

use serde_json::{Value, json};

/// The second at which validity periods begin and end, 2001-09-09T01:46:40Z.
pub(crate) const BOUNDARY: i64 = 1_000_000_000;

/// The labels with a validity period.
pub(crate) const TIME_BOUND: [&str; 2] = ["new", "soon"];

/// Difficult film ids: Unicode, quotes, `*`, `:`, spaces, ids that are prefixes of each other.
pub(crate) const IDS: [&str; 26] = [
    "a",
    "ab",
    "abc",
    "a*",
    "*",
    ":",
    "a:b",
    "A",
    "z",
    "é",
    "éé",
    "e\u{301}",
    "\u{D7FF}",
    "\u{E000}",
    "\u{FFFF}",
    "😀",
    "\u{10FFFF}",
    "\"q\"",
    "'; --",
    " ",
    " a",
    "a b",
    "{\"a\":1}",
    "\\",
    "%2F",
    "..",
];

const SUFFIXES: [&str; 12] = ["", "0", "-x", "*", "é", "z", " ", "\u{10FFFF}", ":", "A", "b", "~"];

/// A document.
pub(crate) struct Document {
    pub id: String,
    /// Whether the document has the field `id`, which then holds its id.
    pub has_id_field: bool,
    /// `access` as JSON text, which can hold more than a [`Value`]; `None` if the field is absent.
    pub access: Option<String>,
}

/// Every id with every suffix; the kinds of `access` are distributed over them in turn.
pub(crate) fn documents() -> Vec<Document> {
    let kinds = access_kinds();
    let mut ids: Vec<String> =
        IDS.iter().flat_map(|id| SUFFIXES.map(|suffix| format!("{id}{suffix}"))).collect();
    ids.push("i".repeat(512));
    ids.sort();
    ids.dedup();
    ids.into_iter()
        .enumerate()
        .map(|(n, id)| Document {
            id,
            has_id_field: n % 10 != 0,
            access: kinds[n % kinds.len()].clone(),
        })
        .collect()
}

/// Every kind of `access` that the mapping accepts.
fn access_kinds() -> Vec<Option<String>> {
    let mut kinds = vec![
        None,
        Some(Value::Null),
        Some(json!({})),
        Some(json!([])),
        Some(json!([null, {}])),
        Some(json!({ "labels": ["adult"] })),
        Some(json!({ "labels": ["x-ok"], "labelled_at": null })),
        Some(json!({ "labels": ["new"], "labelled_at": [] })),
        Some(json!({ "labelled_at": at(BOUNDARY) })),
        Some(
            json!([{ "labels": "x-a" }, { "labels": ["adult"] }, { "labelled_at": at(BOUNDARY) }]),
        ),
    ];
    let labels = label_kinds().into_iter().map(|labels| json!({ "labels": labels }));
    kinds.extend(labels.chain(validity_kinds()).map(labelled).map(Some));
    let kinds = kinds.into_iter().map(|access| access.map(|access| access.to_string()));
    kinds.chain(hostile_kinds().into_iter().map(Some)).collect()
}

/// What JSON can express and other readers of JSON read differently. Each is accepted by the mapping.
fn hostile_kinds() -> Vec<String> {
    let labels = [
        "18446744073709551616",
        "-9223372036854775809",
        "9223372036854775807",
        "-0",
        "0",
        "-0.0",
        "1.5",
        "1.50",
        "1e5",
        "1E+2",
        "1e999",
        "-1e999",
        r#""1.5""#,
        r#""0""#,
        r#""Infinity""#,
        r#""a\u0000b""#,
        r#""x-a\u0000""#,
        r#""a\ud83d""#,
        r#""x-\udc00", "a\ud83d\ude00\ud83db""#,
        r#""x-?", "a?""#,
        r#""a", 7, 1.0"#,
    ];
    let labels = labels.map(|labels| format!(r#""labels": [{labels}]"#));
    let ended = "2000-01-01T00:00:00Z";
    let rest = [
        r#""until": {"new": "-0001-01-01T00:00:00Z"}, "labels": ["new"]"#.to_owned(),
        r#""from": {"new": "+292278000-01-01T00:00:00Z"}, "labels": ["new"]"#.to_owned(),
        r#""until": {"new": "0000-02-29T00:00:00Z"}, "labels": ["new"]"#.to_owned(),
        format!(r#""labels": ["new"], "until.new": "{ended}""#),
        format!(r#""labels": ["new"], "until.new.": ["{ended}"], "until": {{"soon": "{ended}"}}"#),
        format!(r#""labels.": ["new", "soon"], "until": {{"new.": "{ended}"}}"#),
        r#""labels": [], "labels.": "adult""#.to_owned(),
    ];
    let labelled_at = format!(r#""labelled_at": "{}""#, at(BOUNDARY));
    let mut kinds: Vec<String> = labels
        .into_iter()
        .chain(rest)
        .map(|fields| format!("{{{fields}, {labelled_at}}}"))
        .collect();
    kinds.push(r#"{"labels": [], "labelled_at": "-0001-01-01T00:00:00Z"}"#.to_owned());
    kinds.push(r#"{"labels": [], "labelled_at.": "2026-01-01T00:00:00Z"}"#.to_owned());
    kinds
}

fn labelled(mut access: Value) -> Value {
    access["labelled_at"] = json!(at(BOUNDARY));
    access
}

fn label_kinds() -> Vec<Value> {
    let thousand: Vec<String> = (0..1000).map(|n| format!("x-{n}")).collect();
    vec![
        json!(null),
        json!([]),
        json!([null]),
        json!("adult"),
        json!("x-ok"),
        json!(["x-ok", "x-okay"]),
        json!(["x-a", "x-ok"]),
        json!([["x-ok"], ["x-a", ["x-b"]]]),
        json!(["x", "x-"]),
        json!(["x-ok", "x-ok", "x-ok"]),
        json!(["adult", "x-ok", "zz"]),
        json!(["unlabelled"]),
        json!(["unheard-of"]),
        json!([1, 0, -7, u64::MAX]),
        json!(5),
        json!([true, false]),
        json!(true),
        json!(["true", "5", "mpaa=r"]),
        json!(thousand),
        json!(["l".repeat(300)]),
        json!(["l".repeat(65), "adult"]),
        json!(["New", "X-OK", "ADULT"]),
        json!(["é", "x-é", "\u{10FFFF}", "x-\u{10FFFF}"]),
        json!([""]),
        json!(["", "adult"]),
        json!([" new", "new ", "x-ok "]),
        json!(["*", "x-*", "label:adult"]),
        json!(["x.", "x,", "y"]),
    ]
}

/// Validity periods that have ended, are to begin, are inverted, empty, absent, or have several values.
fn validity_kinds() -> Vec<Value> {
    let (past, boundary, future) = ("1960-02-29T23:59:59Z", at(BOUNDARY), "2200-01-01T00:00:00Z");
    let sides = [
        (json!(null), json!(null)),
        (json!(boundary), json!(null)),
        (json!(null), json!(boundary)),
        (json!(past), json!(null)),
        (json!(null), json!(past)),
        (json!(future), json!(null)),
        (json!(null), json!(future)),
        (json!("9999-12-31T23:59:59Z"), json!("1000-01-01T00:00:00Z")),
        (json!(boundary), json!(boundary)),
        (json!(boundary), json!(at(BOUNDARY + 1))),
        (json!(at(BOUNDARY + 1)), json!(boundary)),
        (json!(at(BOUNDARY)), json!(at(BOUNDARY - 1))),
        (json!(past), json!(future)),
        (json!([past, future]), json!([past])),
        (json!([future, null]), json!([[boundary], past])),
        (json!([]), json!([])),
    ];
    let mut kinds = vec![
        json!({ "labels": ["new"] }),
        json!({ "labels": "new", "until": null, "from": {} }),
        json!({ "labels": ["new", "soon"], "until": { "new": past }, "from": { "soon": future } }),
        json!({ "labels": ["new", "adult"], "until": [{ "new": past }, { "soon": past }] }),
        json!({ "labels": [], "until": { "new": past, "soon": future } }),
        json!({ "labels": ["adult"], "until": { "new": boundary } }),
    ];
    kinds.extend(sides.map(
        |(until, from)| json!({ "labels": ["new", "new"], "until": { "new": until }, "from": { "new": from } }),
    ));
    kinds
}

/// Kinds of `access` that the mapping rejects, so that no search ever meets them.
pub(crate) fn rejected() -> Vec<Value> {
    let odd_instants = [
        "2001-09-09T03:46:40+02",
        "2001-09-09T03:46:40+02:00",
        "2001-09-09T00:46:40-0100",
        "2001-09-09T01:46:40-00:00",
        "2026-01-01T00:00:00UTC",
        "2026-01-01T00:00:00Europe/Berlin",
        "2026-01-01T00:00:00z",
        "12026-01-01T00:00:00Z",
        "+2026-01-01T00:00:00Z",
        "-0000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T23:59:60Z",
        "+999999999-01-01T00:00:00Z",
        "",
    ];
    let odd_instants = odd_instants.map(|at| json!({ "labels": [], "labelled_at": at }));
    let others = [
        json!("adult"),
        json!(true),
        json!({ "labels": { "adult": true }, "labelled_at": at(BOUNDARY) }),
        json!({ "labels": ["l".repeat(32_767)], "labelled_at": at(BOUNDARY) }),
        json!({ "labels": [], "labelled_at": "soon" }),
        json!({ "labels": [], "labelled_at": 5 }),
        json!({ "labels": [], "labelled_at": "2026-01-01T00:00:00.5Z" }),
        json!({ "labels": [], "labelled_at": "2026-01-01" }),
        json!({ "labels": [], "labelled_at": at(BOUNDARY), "until": at(BOUNDARY) }),
        json!({ "labels": [], "labelled_at": at(BOUNDARY), "until": { "adult": at(BOUNDARY) } }),
        json!({ "labels": [], "labelled_at": at(BOUNDARY), "more": 1 }),
        json!({ "labels": [], "labelled_at": at(BOUNDARY), "until..new": at(BOUNDARY) }),
        json!({ ".labels": [], "labelled_at": at(BOUNDARY) }),
        json!({ " labels": [], "labelled_at": at(BOUNDARY) }),
    ];
    odd_instants.into_iter().chain(others).collect()
}

fn at(second: i64) -> String {
    let time = chrono::DateTime::from_timestamp(second, 0).unwrap();
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
