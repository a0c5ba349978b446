//! One schema for all problems of an API. Which of them an operation answers with is in the description of each response
//! and in its examples, whose names are the codes.

use serde_json::{Map, Value, json};

use super::document::{operations, reference, referred, schemas};
use crate::problem::CONTENT_TYPE;

const PROBLEM: &str = "Problem";
const PROPERTIES: &str = "/Problem/properties";

/// Turns the alternatives that [`crate::problem::responses`] describes into examples of the one schema, which gets the
/// members that only some of them have.
pub(super) fn share(document: &mut Value) {
    let mut all = schemas(document).map(Value::take).unwrap_or_default();
    for operation in operations(document) {
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for response in responses.into_iter().flat_map(Map::values_mut) {
            if let Some(content) =
                response.get_mut("content").and_then(|it| it.get_mut(CONTENT_TYPE))
            {
                *content = one_schema(&content["schema"], &mut all);
            }
        }
    }
    if let Some(schemas) = schemas(document) {
        *schemas = all;
    }
}

fn one_schema(described: &Value, schemas: &mut Value) -> Value {
    let mut examples = Map::new();
    for problem in described["anyOf"].as_array().into_iter().flatten() {
        for part in problem["allOf"].as_array().into_iter().flatten() {
            if let Some(members) = referred(part).filter(|name| *name != PROBLEM) {
                add_members(members, schemas);
            }
        }
        let example = &problem["example"];
        if let Some(code) = example["code"].as_str() {
            examples.insert(code.to_owned(), json!({ "value": example }));
        }
    }
    json!({ "schema": reference(PROBLEM), "examples": examples })
}

/// Moves the members of one kind of problem into the schema of all.
fn add_members(name: &str, schemas: &mut Value) {
    let Some(Value::Object(mut kind)) = schemas.as_object_mut().and_then(|all| all.remove(name))
    else {
        return;
    };
    if let (Some(Value::Object(members)), Some(all)) =
        (kind.remove("properties"), schemas.pointer_mut(PROPERTIES).and_then(Value::as_object_mut))
    {
        all.extend(members);
    }
}
