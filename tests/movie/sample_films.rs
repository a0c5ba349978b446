//! The films of a site.

use serde_json::{Value, json};

/// A film that everyone may read.
pub(crate) const OLD: &str = "old-07";
/// A film with the label `new`, with a release date so far ahead that it stays new.
pub(crate) const NEW: &str = "new-03";
/// The number of films of each kind.
pub(crate) const OLD_FILMS: usize = 17;
pub(crate) const NEW_FILMS: usize = 14;

/// One film per line, for `etl-labeler import`.
pub(crate) fn ndjson() -> String {
    let old = (0..OLD_FILMS).map(|n| film(&format!("old-{n:02}"), "1994-09-23", n));
    let new = (0..NEW_FILMS).map(|n| film(&format!("new-{n:02}"), "2999-03-01", n));
    let lines: Vec<String> = old.chain(new).map(|film| film.to_string()).collect();
    lines.join("\n")
}

fn film(id: &str, release_date: &str, n: usize) -> Value {
    // Few values, so that there are ties; every fourth film has none.
    let rating = [7.5, 8.0, 8.5][n % 3];
    let mut film = json!({
        "id": id,
        "title": format!("Film {id}"),
        "release_date": release_date,
        "imdb_rating": rating,
        "mpaa_rating": if n.is_multiple_of(5) { "R" } else { "PG" },
        "genres": [{ "id": "drama", "name": "Drama" }],
        "directors": [{ "id": "jane-doe", "name": "Jane Doe" }],
        "description": "Something happens.",
    });
    if n.is_multiple_of(4) {
        film.as_object_mut().unwrap().remove("imdb_rating");
    }
    film
}

/// Documents that the labeler does not write, but that an index may contain.
pub(crate) fn odd() -> Vec<(&'static str, Value)> {
    let access = |access: Value| json!({ "title": "Odd", "access": access });
    let seen = "2025-01-01T00:00:00Z";
    let many: Vec<String> = (0..1000).map(|n| format!("l-{n}")).collect();
    let films = vec![
        ("odd-unlabelled", json!({ "title": "Odd" })),
        ("odd-null", access(Value::Null)),
        ("odd-never-seen", access(json!({ "labels": [] }))),
        ("odd-string", access(json!({ "labels": "new", "labelled_at": seen }))),
        ("odd-no-labels", access(json!({ "labelled_at": seen }))),
        (
            "odd-over",
            access(json!({
                "labels": ["new"], "labelled_at": seen, "until": { "new": "2001-01-01T00:00:00Z" }
            })),
        ),
        (
            "odd-to-come",
            access(json!({
                "labels": ["new"], "labelled_at": seen, "from": { "new": "2999-01-01T00:00:00Z" }
            })),
        ),
        ("odd/slash and space", access(json!({ "labels": [], "labelled_at": seen }))),
        ("odd-many", access(json!({ "labels": many, "labelled_at": seen }))),
        ("odd-long", access(json!({ "labels": ["x".repeat(300)], "labelled_at": seen }))),
        ("odd-values", access(json!({ "labels": [7, true, "x", "x"], "labelled_at": seen }))),
        ("..odd", access(json!({ "labels": [], "labelled_at": seen }))),
        (
            "odd-number",
            json!({
                "title": 1917, "imdb_rating": "8.2",
                "access": { "labels": [], "labelled_at": seen }
            }),
        ),
    ];
    let named = |(id, mut film): (&'static str, Value)| {
        film["id"] = json!(id);
        (id, film)
    };
    films.into_iter().map(named).collect()
}
