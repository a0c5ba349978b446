//! Documents of every kind that an index of films takes, and of some that it refuses.

use serde_json::{Value, json};

/// The second at which windows turn, 2001-09-09T01:46:40Z.
pub const EDGE: i64 = 1_000_000_000;

/// Labels that have a window.
pub const WINDOWED: [&str; 2] = ["new", "soon"];

/// Names of films that hurt: Unicode, quotes, `*`, `:`, spaces, one the begin of the other.
pub const IDS: [&str; 26] = [
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

const TAILS: [&str; 12] = ["", "0", "-x", "*", "é", "z", " ", "\u{10FFFF}", ":", "A", "b", "~"];

/// A document; `access` is none where the field is not there at all.
pub struct Document {
    pub id: String,
    pub access: Option<Value>,
}

/// Every name with every tail, and what is known of access dealt out over them.
pub fn documents() -> Vec<Document> {
    let kinds = access_kinds();
    let mut ids: Vec<String> =
        IDS.iter().flat_map(|id| TAILS.map(|tail| format!("{id}{tail}"))).collect();
    ids.push("i".repeat(512));
    ids.sort();
    ids.dedup();
    ids.into_iter()
        .enumerate()
        .map(|(n, id)| Document { id, access: kinds[n % kinds.len()].clone() })
        .collect()
}

/// `access` of every kind that the mapping takes.
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
        Some(json!({ "labelled_at": at(EDGE) })),
        Some(json!([{ "labels": "x-a" }, { "labels": ["adult"] }, { "labelled_at": at(EDGE) }])),
    ];
    let labels = label_kinds().into_iter().map(|labels| json!({ "labels": labels }));
    kinds.extend(labels.chain(window_kinds()).map(labelled).map(Some));
    kinds
}

fn labelled(mut access: Value) -> Value {
    access["labelled_at"] = json!(at(EDGE));
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

/// Windows that are over, to come, inverted, empty, missing, or have several values.
fn window_kinds() -> Vec<Value> {
    let (past, edge, future) = ("1960-02-29T23:59:59Z", at(EDGE), "2200-01-01T00:00:00Z");
    let sides = [
        (json!(null), json!(null)),
        (json!(edge), json!(null)),
        (json!(null), json!(edge)),
        (json!(past), json!(null)),
        (json!(null), json!(past)),
        (json!(future), json!(null)),
        (json!(null), json!(future)),
        (json!("9999-12-31T23:59:59Z"), json!("1000-01-01T00:00:00Z")),
        (json!(edge), json!(edge)),
        (json!(edge), json!(at(EDGE + 1))),
        (json!(at(EDGE + 1)), json!(edge)),
        (json!(at(EDGE)), json!(at(EDGE - 1))),
        (json!(past), json!(future)),
        (json!([past, future]), json!([past])),
        (json!([future, null]), json!([[edge], past])),
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
        json!({ "labels": ["adult"], "until": { "new": edge } }),
    ];
    kinds.extend(sides.map(
        |(until, from)| json!({ "labels": ["new", "new"], "until": { "new": until }, "from": { "new": from } }),
    ));
    kinds
}

/// `access` of kinds that the mapping refuses, so that no search ever meets them.
pub fn refused() -> Vec<Value> {
    vec![
        json!("adult"),
        json!(true),
        json!({ "labels": { "adult": true }, "labelled_at": at(EDGE) }),
        json!({ "labels": ["l".repeat(32_767)], "labelled_at": at(EDGE) }),
        json!({ "labels": [], "labelled_at": "soon" }),
        json!({ "labels": [], "labelled_at": 5 }),
        json!({ "labels": [], "labelled_at": "2026-01-01T00:00:00.5Z" }),
        json!({ "labels": [], "labelled_at": "2026-01-01" }),
        json!({ "labels": [], "labelled_at": at(EDGE), "until": at(EDGE) }),
        json!({ "labels": [], "labelled_at": at(EDGE), "until": { "adult": at(EDGE) } }),
        json!({ "labels": [], "labelled_at": at(EDGE), "more": 1 }),
    ]
}

fn at(second: i64) -> String {
    let time = chrono::DateTime::from_timestamp(second, 0).unwrap();
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
