//! Properties of subjects, actions and resources.

use std::collections::BTreeMap;

use policies::{RoleName, access_from_json};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Number, Value};

use super::body::invalid;
use crate::http::problem::Problem;

/// The properties of one entity, by name.
pub(super) type Properties = BTreeMap<String, Value>;

/// The property that holds the `access` object of a document.
pub(super) const ACCESS: &str = "access";

/// Maximum number of properties of one entity: a batch may evaluate them a thousand times.
const MAX_PROPERTIES: usize = 256;
/// Maximum size of an `access` object in bytes, for the same reason.
const MAX_ACCESS: usize = 64 << 10;
/// Integers below are exact as floating-point numbers.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads properties, which may be left out or `null`. The value of `access` may be what Elasticsearch stores
/// and JSON cannot represent.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Properties>, D::Error> {
    let texts = Option::<BTreeMap<String, Box<RawValue>>>::deserialize(deserializer)?;
    let Some(texts) = texts else { return Ok(None) };
    if texts.len() > MAX_PROPERTIES {
        return Err(D::Error::custom(format_args!("at most {MAX_PROPERTIES} properties")));
    }
    let properties = texts.into_iter().map(|(name, text)| {
        let value = value(&name, text.get()).map_err(D::Error::custom)?;
        Ok((name, value))
    });
    properties.collect::<Result<_, _>>().map(Some)
}

fn value(name: &str, text: &str) -> Result<Value, String> {
    if name != ACCESS {
        return serde_json::from_str(text).map_err(|error| error.to_string());
    }
    if text.len() > MAX_ACCESS {
        return Err(format!("`access` has at most {MAX_ACCESS} bytes"));
    }
    Ok(access_from_json(text))
}

/// The text of a scalar; `None` for a list or an object. Numbers that are equal have the same text.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("null".to_owned()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number_text(number)),
        Value::String(text) => Some(text.clone()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.abs() < MAX_EXACT && float.fract() == 0.0 => {
            // Without the sign of -0.0.
            format!("{:.0}", float + 0.0)
        }
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}

/// The strings of a list; `None` if it is something else.
pub(super) fn strings(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}

/// The roles that the properties of a subject state. A name that no role can have is left out.
pub(super) fn stated_roles(properties: &Properties) -> Result<Vec<RoleName>, Problem> {
    let mut roles = Vec::new();
    for name in ["role", "roles"] {
        let names = match properties.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::String(name)) => vec![name.as_str()],
            Some(value) => strings(value).ok_or_else(|| {
                let detail = "Send the name of a role, or a list of names.";
                invalid(format!("subject.properties.{name}"), detail)
            })?,
        };
        roles.extend(names.into_iter().filter_map(|name| RoleName::parse(name).ok()));
    }
    roles.sort_unstable();
    roles.dedup();
    Ok(roles)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_numbers_have_the_same_text() {
        for (value, text) in [
            (json!(1), "1"),
            (json!(1.0), "1"),
            (json!(-0.0), "0"),
            (json!(-3), "-3"),
            (json!(1.5), "1.5"),
            (json!(u64::MAX), "18446744073709551615"),
            (json!(true), "true"),
            (json!(null), "null"),
            (json!("x"), "x"),
        ] {
            assert_eq!(scalar(&value).as_deref(), Some(text), "{value}");
        }
        assert_eq!(scalar(&json!([1])), None);
    }

    #[test]
    fn roles_are_stated_by_one_name_or_a_list() {
        let roles = |properties: Value| {
            let properties: Properties = serde_json::from_value(properties).unwrap();
            let names = stated_roles(&properties).ok()?;
            Some(names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(roles(json!({ "role": "b", "roles": ["a", "b", "No role"] })).unwrap(), "a b");
        assert_eq!(roles(json!({ "role": null, "name": "a" })).unwrap(), "");
        assert_eq!(roles(json!({ "role": 7 })), None);
        assert_eq!(roles(json!({ "roles": ["a", 7] })), None);
    }
}
