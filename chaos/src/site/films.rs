//! The films that are there from the start.

use std::io::Write;

use anyhow::Context;
use serde_json::json;

use crate::process::Program;

/// Films that everyone may see.
pub(crate) const OLD_FILMS: usize = 20;
/// Films that are so far from their release that they stay new.
pub(crate) const NEW_FILMS: usize = 10;

/// Id of a film that everyone may see.
pub(crate) fn old_film(number: usize) -> String {
    format!("old-{number:02}")
}

/// Id of a film that only subscribers may see.
pub(crate) fn new_film(number: usize) -> String {
    format!("new-{number:02}")
}

/// Imports and labels them.
pub(super) async fn import(labeler: &Program) -> anyhow::Result<()> {
    let mut lines = tempfile::NamedTempFile::with_suffix(".ndjson")?;
    let old = (0..OLD_FILMS).map(|number| (old_film(number), "1994-09-23"));
    let new = (0..NEW_FILMS).map(|number| (new_film(number), "2999-03-01"));
    for (id, date) in old.chain(new) {
        let film = json!({
            "id": id, "title": format!("Film {id}"), "release_date": date, "imdb_rating": 8.0,
            "mpaa_rating": "PG", "genres": [{ "id": "drama", "name": "Drama" }]
        });
        writeln!(lines, "{film}")?;
    }
    let path = lines.path().to_str().context("the temporary folder is not UTF-8")?;
    labeler.run(&["import", path], "").await?;
    labeler.run(&["once"], "").await?;
    Ok(())
}
