//! From bytes to a value, or to a problem that names the field.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::problem::Problem;
use crate::problem::request::{FIELD, MALFORMED};

/// Parses all of `bytes`. Only an invalid body pays for finding out where it is invalid.
///
/// # Errors
/// `body_malformed` if it is not JSON; `field_invalid` if it is not a `T`, or if any string contains
/// U+0000.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value = parse_any_text(bytes)?;
    // A raw U+0000 is not valid JSON, so the escape is the only way in.
    if bytes.contains(&b'\\') && bytes.windows(6).any(|window| window == b"\\u0000") {
        refuse_nul(bytes)?;
    }
    Ok(value)
}

/// As [`parse`], but strings may contain U+0000.
///
/// # Errors
/// `body_malformed` if it is not JSON; `field_invalid` if it is not a `T`.
pub(super) fn parse_any_text<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let parsed = serde_json::from_slice(bytes);
    // Serde does not look into the text of a field that it ignores.
    let (Ok(value), Ok(_)) = (parsed, std::str::from_utf8(bytes)) else {
        return Err(explain::<T>(bytes));
    };
    if !is_object(bytes) {
        return Err(Problem::new(FIELD).detail("The body must be an object."));
    }
    Ok(value)
}

/// Of JSON. Serde would take a list for a struct, field by field.
fn is_object(json: &[u8]) -> bool {
    json.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

/// Maximum length of a detail in characters: it may quote the invalid value.
const MAX_DETAIL: usize = 200;

fn explain<T: DeserializeOwned>(bytes: &[u8]) -> Problem {
    if bytes.is_empty() {
        return Problem::new(MALFORMED).detail("The body is empty.");
    }
    if let Err(error) = std::str::from_utf8(bytes) {
        let at = error.valid_up_to();
        return Problem::new(MALFORMED).detail(format!("Not UTF-8 at byte {at}."));
    }
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(bytes) {
        return Problem::new(MALFORMED).detail(error.to_string());
    }
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut parser) {
        Err(error) => wrong_shape(&error.path().to_string(), &error.inner().to_string()),
        Ok(_) => Problem::new(MALFORMED),
    }
}

fn wrong_shape(path: &str, message: &str) -> Problem {
    let message = message.rsplit_once(" at line ").map_or(message, |(reason, _)| reason);
    // Serde names the Rust type.
    let message = match message.split_once("expected struct ") {
        Some((found, _)) => &format!("{found}expected an object"),
        None => message,
    };
    let problem = Problem::new(FIELD).detail(message.chars().take(MAX_DETAIL).collect::<String>());
    match field(path, message) {
        Some(field) => problem.field(field),
        None => problem,
    }
}

/// The invalid field: serde's path ends at the object if a *name* in it is invalid.
fn field(path: &str, message: &str) -> Option<String> {
    let parent = if path == "." { "" } else { path };
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start)?.split_once('`'))
        .map(|(name, _)| name);
    match named {
        Some(name) if parent.is_empty() => Some(name.to_owned()),
        Some(name) if parent == name || parent.ends_with(&format!(".{name}")) => {
            Some(parent.to_owned())
        }
        Some(name) => Some(format!("{parent}.{name}")),
        None if parent.is_empty() => None,
        None => Some(parent.to_owned()),
    }
}

fn refuse_nul(bytes: &[u8]) -> Result<(), Problem> {
    // It was parsed as a `T` before, so it is JSON.
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        return Err(Problem::new(MALFORMED));
    };
    match nul(&value, String::new()) {
        None => Ok(()),
        Some(path) => Err(Problem::new(FIELD)
            .field(path)
            .detail("Text must not contain the character U+0000.")),
    }
}

/// Path of the first string, or name of a field, with U+0000 in it.
fn nul(value: &Value, path: String) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then_some(path),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| nul(item, format!("{path}[{index}]")))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, item)| {
            let dot = if path.is_empty() { "" } else { "." };
            let path = format!("{path}{dot}{}", name.replace('\0', "\u{fffd}"));
            if name.contains('\0') { Some(path) } else { nul(item, path) }
        }),
        _ => None,
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
