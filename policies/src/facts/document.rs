//! `access` in the document of a film.

use serde_json::{Map, Value};

/// The field that says who may read a film.
const ACCESS: &str = "access";

/// The same for the `_source` of a search: also the keys `access.` and `access.labels`.
pub const ACCESS_FIELDS: &str = "access*";

/// `access` and what keys with dots (`access.labels`) add to it, as items of one list: Elasticsearch and
/// [`super::Facts::access`] read it as a single object. `None` if the document has neither.
#[must_use]
pub fn access_of_document(source: Map<String, Value>) -> Option<Value> {
    let part = |(key, value): (String, Value)| match key.strip_prefix(ACCESS)? {
        "" | "." => Some(value),
        below => Some(Map::from_iter([(below.strip_prefix('.')?.to_owned(), value)]).into()),
    };
    let mut parts: Vec<Value> = source.into_iter().filter_map(part).collect();
    if parts.len() > 1 { Some(parts.into()) } else { parts.pop() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn access(document: Value) -> Option<Value> {
        access_of_document(serde_json::from_value(document).expect("an object"))
    }

    #[test]
    fn keys_with_dots_are_a_part_of_access() {
        let document = json!({ "access": { "labels": [] }, "access.until.new": "x", "accessible": 1,
            "access.": { "from": {} } });
        let expected = json!([{ "labels": [] }, { "from": {} }, { "until.new": "x" }]);
        assert_eq!(access(document), Some(expected));
    }

    #[test]
    fn a_document_without_access_differs_from_one_where_it_is_null() {
        assert_eq!(access(json!({ "title": "Dune" })), None);
        assert_eq!(access(json!({ "access": null })), Some(Value::Null));
    }
}
