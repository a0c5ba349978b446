//! `access` in the document of a film.

use serde_json::{Value, json};

/// The field that says who may read a film.
const ACCESS: &str = "access";

/// The same for the `_source` of a search: also the keys `access.` and `access.labels`.
pub const ACCESS_FIELDS: &str = "access*";

/// `access` and what keys with dots (`access.labels`) add to it, as items of one list: Elasticsearch and
/// [`super::Facts::access`] read it as a single object. `None` if the document has neither.
#[must_use]
pub fn access_of_document(source: &Value) -> Option<Value> {
    let mut parts: Vec<Value> = source.get(ACCESS).cloned().into_iter().collect();
    for (key, value) in source.as_object().into_iter().flatten() {
        let below = key.strip_prefix(ACCESS).and_then(|rest| rest.strip_prefix('.'));
        parts.extend(below.map(|below| match below {
            "" => value.clone(),
            below => json!({ below: value }),
        }));
    }
    if parts.len() > 1 { Some(parts.into()) } else { parts.pop() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_dots_are_a_part_of_access() {
        let source = json!({ "access": { "labels": [] }, "access.until.new": "x", "accessible": 1,
            "access.": { "from": {} } });
        let access = json!([{ "labels": [] }, { "from": {} }, { "until.new": "x" }]);
        assert_eq!(access_of_document(&source), Some(access));
    }

    #[test]
    fn a_document_without_access_differs_from_one_where_it_is_null() {
        assert_eq!(access_of_document(&json!({ "title": "Dune" })), None);
        assert_eq!(access_of_document(&json!({ "access": null })), Some(Value::Null));
    }
}
