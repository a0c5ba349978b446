//! From the schemas of OpenAPI 3.0 to those of 3.1, which are JSON Schema: a reference has a description beside it
//! instead of inside an `allOf`, which generators of clients fail at, and `null` is a type.

use serde_json::{Map, Value, json};

/// Rewrites every schema within.
pub(super) fn modernize(within: &mut Value) {
    match within {
        Value::Object(fields) => {
            fields.values_mut().for_each(modernize);
            unwrap_reference(fields);
            name_null(fields);
        }
        Value::Array(items) => items.iter_mut().for_each(modernize),
        _ => {}
    }
}

/// poem-openapi writes `{ allOf: [reference, { description }], description }`.
fn unwrap_reference(schema: &mut Map<String, Value>) {
    let first = schema.get("allOf").and_then(|all| all.get(0)?.get("$ref"));
    if let Some(reference) = first.cloned() {
        schema.remove("allOf");
        schema.insert("$ref".into(), reference);
    }
}

fn name_null(schema: &mut Map<String, Value>) {
    if schema.get("nullable") != Some(&Value::Bool(true)) {
        return;
    }
    schema.remove("nullable");
    if let Some(reference) = schema.remove("$ref") {
        schema.insert("oneOf".into(), json!([{ "$ref": reference }, { "type": "null" }]));
    } else if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_have_siblings_and_null_is_a_type() {
        let rule = || json!({ "$ref": "#/components/schemas/Rule" });
        let about = || json!({ "description": "The rule." });
        let mut properties = json!({
            "rule": { "allOf": [rule(), about()], "description": "The rule." },
            "before": { "allOf": [rule(), about()], "description": "The rule.", "nullable": true },
            "label": { "type": "string", "nullable": true },
            "access": { "nullable": true },
        });
        modernize(&mut properties);
        let expected = json!({
            "rule": { "$ref": "#/components/schemas/Rule", "description": "The rule." },
            "before": { "oneOf": [rule(), { "type": "null" }], "description": "The rule." },
            "label": { "type": ["string", "null"] },
            "access": {},
        });
        assert_eq!(properties, expected);
    }
}
