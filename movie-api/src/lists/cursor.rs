//! Where a list goes on.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::problem::Problem;
use service::problem::request::FIELD;

/// The position after which a list goes on. Its text form is the `next` of a response, opaque to
/// clients.
///
/// It says nothing about the caller: each caller gets the films that they may read, so that a
/// forged or foreign one is harmless.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    /// The order of the list.
    list: String,
    /// The position in that order.
    after: Vec<Value>,
}

/// The cursor to this position of the list.
pub(super) fn encode(list: &str, after: Vec<Value>) -> Option<String> {
    let cursor = Cursor { list: list.to_owned(), after };
    serde_json::to_vec(&cursor).ok().map(|json| BASE64_URL_SAFE_NO_PAD.encode(json))
}

/// The position that a cursor of this list names, if the list can have it.
///
/// # Errors
/// [`FIELD`] for any other text.
pub(super) fn decode(
    text: &str,
    list: &str,
    is_position: impl FnOnce(&[Value]) -> bool,
) -> Result<Vec<Value>, Problem> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(text).ok();
    let cursor: Option<Cursor> = json.and_then(|json| serde_json::from_slice(&json).ok());
    match cursor {
        Some(cursor) if cursor.list == list && is_position(&cursor.after) => Ok(cursor.after),
        Some(cursor) if cursor.list != list => {
            Err(invalid("It belongs to a list of another order; repeat the other parameters."))
        }
        _ => Err(invalid("Use `next` of an earlier response.")),
    }
}

fn invalid(detail: &str) -> Problem {
    Problem::new(FIELD).field("cursor").detail(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_valid_for_its_own_list_alone() {
        let text = encode("rating", vec![8.1.into(), "a".into()]).expect("JSON");
        let position = decode(&text, "rating", |after| after.len() == 2).expect("valid");
        assert_eq!(position, [Value::from(8.1), "a".into()]);
        assert!(decode(&text, "title", |_| true).is_err());
        assert!(decode(&text, "rating", |_| false).is_err());
        for text in ["", "x", "e30", "0.12", "bnVsbA", "\u{1f4a9}", &"A".repeat(10_000)] {
            assert!(decode(text, "rating", |_| true).is_err(), "{text}");
        }
    }
}
