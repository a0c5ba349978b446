//! Parses one line of an import.

use serde_json::{Map, Value};
use thiserror::Error;

/// Elasticsearch's maximum length of a document id.
const MAX_ID_BYTES: usize = 512;

/// A film: its id and the document to store.
#[derive(Debug)]
pub(super) struct Film {
    pub(super) id: String,
    pub(super) document: Map<String, Value>,
}

#[derive(Debug, Error)]
pub(super) enum LineError {
    #[error("not a JSON object: {0}")]
    Json(#[from] serde_json::Error),
    #[error("`id` is missing or not a string of 1 to {MAX_ID_BYTES} bytes")]
    Id,
}

/// Parses a line. `access` is discarded, since only the labeler writes it.
pub(super) fn parse(line: &[u8]) -> Result<Film, LineError> {
    let mut document: Map<String, Value> = serde_json::from_slice(line)?;
    document.retain(|key, _| key != "access" && !key.starts_with("access."));
    let id = document.get("id").and_then(Value::as_str);
    let id =
        id.filter(|id| !id.is_empty() && id.len() <= MAX_ID_BYTES).ok_or(LineError::Id)?.to_owned();
    Ok(Film { id, document })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_keeps_everything_except_its_access() {
        let film =
            parse(br#"{"id":"f1","title":"T","access":{"labels":[]},"access.labels":["x"]}"#)
                .unwrap();
        assert_eq!(film.id, "f1");
        assert_eq!(Value::from(film.document).to_string(), r#"{"id":"f1","title":"T"}"#);
    }

    #[test]
    fn a_line_that_is_not_a_film_is_rejected() {
        let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(513));
        for line in [
            "",
            "[]",
            "null",
            "{",
            "{}{}",
            r#"{"id":""}"#,
            r#"{"id":7}"#,
            "{}",
            "\u{feff}{}",
            &long,
        ] {
            assert!(parse(line.as_bytes()).is_err(), "{line}");
        }
        assert!(parse(b"{\"id\":\"\xff\"}").is_err());
    }
}
