//! Lists and objects in a text, as tables have them: in JSON, or as Python programs write them into CSV, such as
//! `[{'id': 28, 'name': 'Action'}]`.

use serde_json::value::RawValue;

/// Whether a text begins like a list or an object.
pub(super) fn is_begun(text: &str) -> bool {
    text.trim_start().starts_with(['[', '{'])
}

/// The list or the object, if the text is one.
pub(super) fn read(text: &str) -> Option<Box<RawValue>> {
    let text = is_begun(text).then(|| text.trim())?;
    RawValue::from_string(text.to_owned()).ok().or_else(|| python(text))
}

/// A literal of Python as JSON, if all that it is made of has a notation there. Nothing is evaluated.
fn python(text: &str) -> Option<Box<RawValue>> {
    let (mut json, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '\'' | '"' => {
                let (string, behind) = string(rest.get(1..)?, first)?;
                json.push_str(&serde_json::to_string(&string).ok()?);
                behind
            }
            'A'..='Z' | 'a'..='z' => {
                let end = rest.find(|char: char| !char.is_ascii_alphanumeric());
                let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
                json.push_str(match word {
                    "None" => "null",
                    "True" => "true",
                    "False" => "false",
                    _ => return None,
                });
                behind
            }
            // Everything else means the same in JSON, or is none.
            other => {
                json.push(other);
                rest.get(other.len_utf8()..)?
            }
        };
    }
    RawValue::from_string(json).ok()
}

/// A string up to its closing quote, and the text behind it.
fn string(text: &str, quote: char) -> Option<(String, &str)> {
    let (mut string, mut chars) = (String::new(), text.chars());
    loop {
        match chars.next()? {
            char if char == quote => return Some((string, chars.as_str())),
            '\\' => string.push(match chars.next()? {
                char @ ('\\' | '\'' | '"') => char,
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'x' => hexadecimal(&mut chars, 2)?,
                'u' => hexadecimal(&mut chars, 4)?,
                'U' => hexadecimal(&mut chars, 8)?,
                _ => return None,
            }),
            char => string.push(char),
        }
    }
}

fn hexadecimal(chars: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let (code, behind) = chars.as_str().split_at_checked(digits)?;
    *chars = behind.chars();
    let valid = code.bytes().all(|byte| byte.is_ascii_hexdigit());
    valid.then(|| char::from_u32(u32::from_str_radix(code, 16).ok()?))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_of_python_becomes_json_or_nothing() {
        for (literal, json) in [
            ("[{'id': 28, 'name': 'Action'}]", r#"[{"id": 28, "name": "Action"}]"#),
            (r#"["Children's", 'Sci"Fi']"#, r#"["Children's", "Sci\"Fi"]"#),
            (r"['a\'b\\', '\xe9\u00e9\U0001f600\n']", r#"["a'b\\", "éé😀\n"]"#),
            ("{'a': None, 'b': [True, False, 1.5]}", r#"{"a": null, "b": [true, false, 1.5]}"#),
            ("[]", "[]"),
        ] {
            assert_eq!(python(literal).as_deref().map(RawValue::get), Some(json), "{literal}");
        }
        for other in [
            "[Action]",
            "['a'",
            "['a',]",
            "('a', 'b')",
            "['a' 'b']",
            "[f'a']",
            r"['\N{DASH}']",
            "[__import__('os')]",
        ] {
            assert!(python(other).is_none(), "{other}");
        }
    }
}
