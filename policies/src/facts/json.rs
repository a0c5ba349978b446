//! JSON that Elasticsearch stores but no text in UTF-8 can hold: escapes of lone surrogates.

use serde_json::Value;

/// The `access` of a document from its JSON text, for [`super::Facts::access`]. What cannot be read is
/// null, which counts as unlabelled.
#[must_use]
pub fn access_from_json(text: &str) -> Value {
    let parse = |text: &str| serde_json::from_str(text);
    let parsed = parse(text).or_else(|_| parse(&with_lone_surrogates_replaced(text)));
    parsed.unwrap_or_default()
}

/// Replaces every escape of a lone surrogate by a question mark, which is what Elasticsearch indexes.
#[must_use]
pub fn with_lone_surrogates_replaced(json: &str) -> String {
    let mut replaced = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = rest.find('\\') {
        let (before, escape) = rest.split_at(start);
        let (escape, after) = escape.split_at(length(escape));
        replaced.push_str(before);
        replaced.push_str(if is_lone(escape) { "?" } else { escape });
        rest = after;
    }
    replaced + rest
}

/// The length in bytes of the escape at the start of the text; a pair of surrogates is one.
fn length(text: &str) -> usize {
    let length = match surrogate(text) {
        Some(0xD800..=0xDBFF) => match text.get(6..).and_then(surrogate) {
            Some(0xDC00..=0xDFFF) => 12,
            _ => 6,
        },
        Some(_) => 6,
        None => 1 + text.chars().nth(1).map_or(0, char::len_utf8),
    };
    length.min(text.len())
}

fn is_lone(escape: &str) -> bool {
    escape.len() == 6 && surrogate(escape).is_some()
}

/// The surrogate that the text starts with an escape of.
fn surrogate(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    (0xD800..=0xDFFF).contains(&code).then_some(code)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lone_surrogates_are_read_as_question_marks() {
        for (text, read) in [
            (r#"["a\ud83d"]"#, json!(["a?"])),
            (r#"["\udc00a\ud83d\ude00\ud83db"]"#, json!(["?a😀?b"])),
            (r#"["\ud83d\ud83d\ude00\\ud83d"]"#, json!(["?😀\\ud83d"])),
            (r#"["\\\ud83d\n\u00e9"]"#, json!(["\\?\né"])),
            (r#"{"labels":[1e999]}"#, Value::Null),
            (r#"["\"#, Value::Null),
            ("", Value::Null),
        ] {
            assert_eq!(access_from_json(text), read, "{text}");
        }
    }
}
