//! Examples of request bodies and answers, composed from one list of values: a field has the same example everywhere.

use serde_json::{Map, Value, json};

use super::document::{operations, referred, schemas};
use super::problems;
use crate::problem::CONTENT_TYPE;

/// Adds an example to every body. `values` says what fields contain: `login = "ada"` for all fields of this name, a
/// table such as `[Rule]` for those of one schema, of whose optional fields the example then has only the listed ones.
pub(super) fn add(document: &mut Value, values: &Map<String, Value>) {
    let all = schemas(document).map(Value::take).unwrap_or_default();
    let composer = Composer { values, schemas: &all };
    for operation in operations(document) {
        if let Some(request) = operation.get_mut("requestBody") {
            composer.add_to(request, Side::Request);
        }
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for (status, response) in responses.into_iter().flatten() {
            composer.complete_problems(response);
            if status.starts_with('2') {
                composer.add_to(response, Side::Answer);
            }
        }
    }
    if let Some(schemas) = schemas(document) {
        *schemas = all;
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Request,
    Answer,
}

struct Composer<'a> {
    values: &'a Map<String, Value>,
    schemas: &'a Value,
}

impl Composer<'_> {
    fn add_to(&self, described: &mut Value, side: Side) {
        let content = described.get_mut("content").and_then(Value::as_object_mut);
        let media = content.into_iter().flat_map(Map::values_mut);
        for media in media.filter_map(Value::as_object_mut) {
            let example = media.get("schema").and_then(|schema| self.value(schema, side));
            media.extend(example.map(|example| ("example".into(), example)));
        }
    }

    /// Fills in the members that only some problems have.
    fn complete_problems(&self, response: &mut Value) {
        let media = response.get_mut("content").and_then(|content| content.get_mut(CONTENT_TYPE));
        let examples = media.and_then(|media| media.get_mut("examples")?.as_object_mut());
        let examples = examples.into_iter().flat_map(Map::values_mut);
        let members = examples.filter_map(|it| it.get_mut("value")?.as_object_mut()).flatten();
        let schemas = self.schemas.pointer(problems::PROPERTIES);
        for (name, value) in members.filter(|(_, value)| value.is_null()) {
            let schema = schemas.and_then(|schemas| schemas.get(name));
            let example = schema.and_then(|schema| self.value(schema, Side::Answer));
            *value = example.unwrap_or_default();
        }
    }

    fn value(&self, schema: &Value, side: Side) -> Option<Value> {
        if let Some(name) = referred(schema) {
            return match self.values.get(name) {
                Some(Value::Object(listed)) => self.object(&self.schemas[name], side, Some(listed)),
                Some(whole) => Some(whole.clone()),
                None => self.value(&self.schemas[name], side),
            };
        }
        if let Some(first) = schema["enum"].get(0) {
            return Some(first.clone());
        }
        if let Some(alternatives) = schema["oneOf"].as_array() {
            return alternatives.iter().find_map(|one| self.value(one, side));
        }
        let kind = &schema["type"];
        match kind.as_str().or_else(|| kind[0].as_str())? {
            "object" => self.object(schema, side, None),
            "array" => Some(json!([self.value(&schema["items"], side)?])),
            "boolean" => Some(true.into()),
            "string" => of_format(schema["format"].as_str()?).map(Value::from),
            _ => None,
        }
    }

    fn object(
        &self,
        schema: &Value,
        side: Side,
        listed: Option<&Map<String, Value>>,
    ) -> Option<Value> {
        let mut example = Map::new();
        let required = schema["required"].as_array();
        for (name, property) in schema["properties"].as_object()? {
            let own = listed.and_then(|values| values.get(name).cloned());
            let common = || self.values.get(name).filter(|_| !is_reference(property)).cloned();
            let value = if own.as_ref().is_some_and(is_empty) && is_reference(property) {
                self.value(property, side)
            } else if own.is_some() {
                own
            } else if required.is_some_and(|names| names.iter().any(|it| it == name)) {
                Some(common().or_else(|| self.value(property, side))?)
            } else if listed.is_some() {
                None
            } else {
                common().or((side == Side::Answer).then_some(Value::Null))
            };
            example.extend(value.map(|value| (name.clone(), value)));
        }
        Some(example.into())
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

/// Schemas of their own, and lists of them, are composed.
fn is_reference(property: &Value) -> bool {
    let is = |schema: &Value| schema.get("$ref").is_some() || schema.get("oneOf").is_some();
    is(property) || is(&property["items"])
}

fn of_format(format: &str) -> Option<&'static str> {
    match format {
        "uuid" => Some("018f4a3b-7c21-7d5e-9a60-3f1c2b7d8e94"),
        "date-time" => Some("2026-03-01T12:00:00Z"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::document::reference;

    #[test]
    fn bodies_are_composed_from_the_values_of_their_fields() {
        let body =
            |name| json!({ "content": { "application/json": { "schema": reference(name) } } });
        let text = || json!({ "type": "string" });
        let optional = || json!({ "type": ["string", "null"] });
        let mut document = json!({
            "paths": { "/a": { "post": {
                "requestBody": body("In"), "responses": { "200": body("Page") },
            } } },
            "components": { "schemas": {
                "In": { "type": "object", "required": ["login"], "properties": { "login": text(), "email": optional() } },
                "Page": { "type": "object", "required": ["items"], "properties": {
                    "items": { "type": "array", "items": reference("User") }, "next": optional(),
                } },
                "User": { "type": "object", "required": ["login"], "properties": {
                    "login": text(), "email": optional(), "name": optional(),
                } },
            } },
        });
        let values = json!({ "login": "ada", "User": { "email": "ada@films.example" } });
        add(&mut document, values.as_object().expect("an object"));
        let operation = &document["paths"]["/a"]["post"];
        let example = |body: &Value| body["content"]["application/json"]["example"].clone();
        assert_eq!(example(&operation["requestBody"]), json!({ "login": "ada" }));
        let user = json!({ "login": "ada", "email": "ada@films.example" });
        let page = json!({ "items": [user], "next": null });
        assert_eq!(example(&operation["responses"]["200"]), page);
    }
}
