//! JSON that Elasticsearch stores but other readers refuse: escapes of lone surrogates, which no text in
//! UTF-8 can hold, and numbers beyond the range of double precision.

use serde_json::Value;

/// The `access` of a document from its JSON text, for [`super::Facts::access`]. What cannot be read is
/// null, which counts as unlabelled.
#[must_use]
pub fn access_from_json(text: &str) -> Value {
    let readable = || with_large_numbers_replaced(&with_lone_surrogates_replaced(text));
    let parsed = serde_json::from_str(text).or_else(|_| serde_json::from_str(&readable()));
    parsed.unwrap_or_default()
}

/// Replaces every number that is too large by the text that Elasticsearch returns for it.
fn with_large_numbers_replaced(json: &str) -> String {
    let is_numeric = |c: char| c.is_ascii_digit() || "-+.eE".contains(c);
    let mut replaced = String::with_capacity(json.len());
    for (index, part) in strings_and_others(json).enumerate() {
        let is_string = index % 2 == 1;
        if is_string {
            replaced.push_str(part);
            continue;
        }
        let mut rest = part;
        while let Some(start) = rest.find(is_numeric) {
            let (before, number) = rest.split_at(start);
            let end = number.find(|c| !is_numeric(c)).unwrap_or(number.len());
            let (number, after) = number.split_at(end);
            replaced.push_str(before);
            match number.parse() {
                Ok(f64::INFINITY) => replaced.push_str("\"Infinity\""),
                Ok(f64::NEG_INFINITY) => replaced.push_str("\"-Infinity\""),
                _ => replaced.push_str(number),
            }
            rest = after;
        }
        replaced.push_str(rest);
    }
    replaced
}

/// What is outside strings, and the strings with their quotes, by turns.
fn strings_and_others(json: &str) -> impl Iterator<Item = &str> {
    let (mut rest, mut in_string) = (json, false);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end =
            if in_string { string_length(rest) } else { rest.find('"').unwrap_or(rest.len()) };
        let (part, after) = rest.split_at(end);
        (rest, in_string) = (after, !in_string);
        Some(part)
    })
}

/// The length in bytes of the string at the start of the text, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 2)
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
    fn what_other_readers_refuse_is_read_as_elasticsearch_returns_it() {
        for (text, read) in [
            (r#"["a\ud83d"]"#, json!(["a?"])),
            (r#"["\udc00a\ud83d\ude00\ud83db"]"#, json!(["?a😀?b"])),
            (r#"["\ud83d\ud83d\ude00\\ud83d"]"#, json!(["?😀\\ud83d"])),
            (r#"["\\\ud83d\n\u00e9"]"#, json!(["\\?\né"])),
            (
                r#"{"labels":[1e999,-1E+999, 1e5]}"#,
                json!({ "labels": ["Infinity", "-Infinity", 1e5] }),
            ),
            (r#"["1e999\"",-1e999,"\ud83d"]"#, json!(["1e999\"", "-Infinity", "?"])),
            (r#"["\"#, Value::Null),
            ("", Value::Null),
        ] {
            assert_eq!(access_from_json(text), read, "{text}");
        }
    }
}
