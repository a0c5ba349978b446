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

/// A document; `access` is `None` if the field is absent.
pub(crate) struct Document {
    pub id: String,
    pub access: Option<Value>,
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
        .map(|(n, id)| Document { id, access: kinds[n % kinds.len()].clone() })
        .collect()
}

/// Every kind of `access` that the mapping accepts.
fn access_kinds() -> Vec<Option<Value>> {
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
        (json!("2001-09-09T03:46:40+02"), json!(null)),
        (json!("2001-09-09T03:46:40+02:00"), json!(null)),
        (json!(null), json!("2001-09-09T00:46:40-0100")),
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
    vec![
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
    ]
}

fn at(second: i64) -> String {
    let time = chrono::DateTime::from_timestamp(second, 0).unwrap();
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
