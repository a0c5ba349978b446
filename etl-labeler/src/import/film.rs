use serde_json::{Map, Value};
use thiserror::Error;

/// Elasticsearch takes no longer document id.
const MAX_ID_BYTES: usize = 512;

/// A line that is a film: its id and the document as it will be kept.
#[derive(Debug)]
pub(super) struct Film {
    pub(super) id: String,
    pub(super) document: Map<String, Value>,
}

#[derive(Debug, Error)]
pub(super) enum BadLine {
    #[error("not a JSON object: {0}")]
    Json(#[from] serde_json::Error),
    #[error("`id` is missing or not a text of 1 to {MAX_ID_BYTES} bytes")]
    Id,
}

/// Reads one line. `access` is the labeler's to write, so what a file says about it is left out.
pub(super) fn parse(line: &[u8]) -> Result<Film, BadLine> {
    let mut document: Map<String, Value> = serde_json::from_slice(line)?;
    document.retain(|key, _| key != "access" && !key.starts_with("access."));
    let id = document.get("id").and_then(Value::as_str);
    let id =
        id.filter(|id| !id.is_empty() && id.len() <= MAX_ID_BYTES).ok_or(BadLine::Id)?.to_owned();
    Ok(Film { id, document })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_keeps_everything_but_its_access() {
        let film =
            parse(br#"{"id":"f1","title":"T","access":{"labels":[]},"access.labels":["x"]}"#)
                .unwrap();
        assert_eq!(film.id, "f1");
        assert_eq!(Value::from(film.document).to_string(), r#"{"id":"f1","title":"T"}"#);
    }

    #[test]
    fn what_is_no_film_is_refused() {
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
