//! What poem-openapi leaves out of the document: optional fields may be `null`, unknown fields are refused, and
//! groups of operations have an order.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

/// The document with these, and with its tags in this order.
pub(super) fn exact(document: &str, tags: &[&str]) -> serde_json::Result<String> {
    let mut document: Value = serde_json::from_str(document)?;
    if let Some(listed) = document.get_mut("tags").and_then(Value::as_array_mut) {
        let place =
            |tag: &Value| tags.iter().position(|name| tag.get("name").is_some_and(|it| it == name));
        listed.sort_by_key(|tag| place(tag).unwrap_or(tags.len()));
    }
    let sent = sent(&document);
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (name, schema) in schemas.into_iter().flatten() {
        let Some(schema) = schema.as_object_mut() else { continue };
        let required = required(schema);
        let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
            continue;
        };
        for (_, property) in properties.iter_mut().filter(|(name, _)| !required.contains(*name)) {
            allow_null(property);
        }
        if sent.contains(name) {
            schema.insert("additionalProperties".into(), false.into());
        }
    }
    serde_json::to_string(&document)
}

fn required(schema: &Map<String, Value>) -> HashSet<String> {
    let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn allow_null(property: &mut Value) {
    // Readers ignore the siblings of a `$ref`.
    if property.get("$ref").is_some() {
        *property = json!({ "allOf": [property.take()] });
    }
    if let Some(property) = property.as_object_mut() {
        property.insert("nullable".into(), true.into());
    }
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
            let reference = fields.get("$ref").and_then(Value::as_str);
            let name = reference.and_then(|path| path.strip_prefix("#/components/schemas/"));
            let new = name.filter(|name| names.insert((*name).to_owned()));
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
    use super::*;

    #[test]
    fn optional_fields_may_be_null_and_what_is_sent_is_closed() {
        let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let document = json!({
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
        let exact = exact(&document.to_string(), &[]).expect("JSON");
        let schemas =
            &serde_json::from_str::<Value>(&exact).expect("JSON")["components"]["schemas"];
        assert_eq!(schemas["In"]["properties"]["a"], json!({}));
        let part = json!({ "allOf": [reference("Part")], "nullable": true });
        assert_eq!(schemas["In"]["properties"]["b"], part);
        assert_eq!(schemas["Part"]["properties"]["c"]["nullable"], true);
        assert_eq!(schemas["Out"]["properties"]["d"]["nullable"], true);
        assert_eq!(schemas["Part"]["additionalProperties"], false);
        assert_eq!(schemas["Out"].get("additionalProperties"), None);
    }
}
