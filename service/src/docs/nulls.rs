//! What poem-openapi leaves out of schemas: optional fields may be `null`, and unknown fields are refused.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::document::{referred, schemas};

/// Allows `null` for optional fields, and no other fields than those of requests.
pub(super) fn allow(document: &mut Value) {
    let sent = sent(document);
    let schemas = schemas(document).and_then(Value::as_object_mut);
    for (name, schema) in schemas.into_iter().flatten() {
        let Some(schema) = schema.as_object_mut() else { continue };
        let required = required(schema);
        let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
            continue;
        };
        let optional = properties.iter_mut().filter(|(name, _)| !required.contains(*name));
        for property in optional.filter_map(|(_, property)| property.as_object_mut()) {
            property.insert("nullable".into(), true.into());
        }
        if sent.contains(name) {
            schema.insert("additionalProperties".into(), false.into());
        }
    }
}

fn required(schema: &Map<String, Value>) -> HashSet<String> {
    let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Names of the schemas that requests are made of.
fn sent(document: &Value) -> HashSet<String> {
    let mut names = HashSet::new();
    let paths = document["paths"].as_object().into_iter().flatten();
    // AuthZEN has unknown fields ignored.
    let strict = paths.filter(|(path, _)| !path.starts_with("/access/v1/"));
    for operation in strict.flat_map(|(_, path)| path.as_object().into_iter().flatten()) {
        // Unknown parameters of a form are ignored (RFC 6749).
        let json = operation.1.pointer("/requestBody/content/application~1json");
        reach(document, json.unwrap_or(&Value::Null), &mut names);
    }
    names
}

fn reach(document: &Value, within: &Value, names: &mut HashSet<String>) {
    match within {
        Value::Object(fields) => {
            let new = referred(within).filter(|name| names.insert((*name).to_owned()));
            let schemas = document.pointer("/components/schemas");
            if let Some(schema) = new.and_then(|name| schemas?.get(name)) {
                reach(document, schema, names);
            }
            fields.values().for_each(|field| reach(document, field, names));
        }
        Value::Array(items) => items.iter().for_each(|item| reach(document, item, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::docs::document::reference;

    #[test]
    fn optional_fields_may_be_null_and_what_is_sent_is_closed() {
        let mut document = json!({
            "paths": { "/a": { "post": {
                "requestBody": { "content": { "application/json": { "schema": reference("In") } } },
                "responses": { "200": { "schema": reference("Out") } },
            } } },
            "components": { "schemas": {
                "In": { "required": ["a"], "properties": { "a": {}, "b": reference("Part") } },
                "Part": { "properties": { "c": { "type": "string" } } },
                "Out": { "properties": { "d": { "type": "string" } } },
            } },
        });
        allow(&mut document);
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["In"]["properties"]["a"], json!({}));
        assert_eq!(schemas["In"]["properties"]["b"]["nullable"], true);
        assert_eq!(schemas["Part"]["properties"]["c"]["nullable"], true);
        assert_eq!(schemas["Out"]["properties"]["d"]["nullable"], true);
        assert_eq!(schemas["Part"]["additionalProperties"], false);
        assert_eq!(schemas["Out"].get("additionalProperties"), None);
    }
}
