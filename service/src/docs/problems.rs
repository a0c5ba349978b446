//! One schema for all problems of an API. Which of them an operation answers with is in the description of each response
//! and in its examples, whose names are the codes.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::document::{operations, reference, referred, schemas};
use crate::problem::CONTENT_TYPE;

const PROBLEM: &str = "Problem";
/// The properties of the one schema, among all schemas.
pub(super) const PROPERTIES: &str = "/Problem/properties";

/// Turns the alternatives that [`crate::problem::responses`] describes into examples of the one schema, which gets the
/// members that only some of them have. In the examples these are still `null`.
pub(super) fn share(document: &mut Value) {
    let mut all = schemas(document).map(Value::take).unwrap_or_default();
    let mut extensions = BTreeSet::new();
    for operation in operations(document) {
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for response in responses.into_iter().flat_map(Map::values_mut) {
            if let Some(media) = response.get_mut("content").and_then(|it| it.get_mut(CONTENT_TYPE))
            {
                let examples = examples(&media["schema"], &all, &mut extensions);
                *media = json!({ "schema": reference(PROBLEM), "examples": examples });
            }
        }
    }
    for extension in &extensions {
        let extension = all.as_object_mut().and_then(|all| all.remove(extension));
        let members =
            extension.and_then(|mut schema| schema.get_mut("properties").map(Value::take));
        if let (Some(Value::Object(members)), Some(Value::Object(properties))) =
            (members, all.pointer_mut(PROPERTIES))
        {
            properties.extend(members);
        }
    }
    if let Some(schemas) = schemas(document) {
        *schemas = all;
    }
}

/// The problem of each alternative, by its code. Schemas with members of their own are added to `extensions`.
fn examples(
    described: &Value,
    schemas: &Value,
    extensions: &mut BTreeSet<String>,
) -> Map<String, Value> {
    let mut examples = Map::new();
    for alternative in described["anyOf"].as_array().into_iter().flatten() {
        let Some(mut problem) = alternative["example"].as_object().cloned() else { continue };
        let parts = alternative["allOf"].as_array().into_iter().flatten();
        for extension in parts.filter_map(referred).filter(|name| *name != PROBLEM) {
            let members = schemas.get(extension).and_then(|it| it.get("properties")?.as_object());
            let members = members.into_iter().flatten();
            problem.extend(members.map(|(name, _)| (name.clone(), Value::Null)));
            extensions.insert(extension.to_owned());
        }
        if let Some(code) = problem.get("code").and_then(Value::as_str) {
            examples.insert(code.to_owned(), json!({ "value": problem }));
        }
    }
    examples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_have_one_schema_with_the_members_of_all_and_an_example_for_each_code() {
        let problem = |parts: &[&str], code: &str| {
            let all_of: Vec<Value> = parts.iter().map(|name| reference(name)).collect();
            json!({ "allOf": all_of, "example": { "code": code } })
        };
        let any_of = json!([
            problem(&["Problem", "Missing"], "forbidden"),
            problem(&["Problem"], "mfa_required")
        ]);
        let media = json!({ CONTENT_TYPE: { "schema": { "anyOf": any_of } } });
        let mut document = json!({
            "paths": { "/a": { "post": { "responses": { "403": { "content": media } } } } },
            "components": { "schemas": {
                "Problem": { "properties": { "code": {} } },
                "Missing": { "properties": { "missing": {} }, "required": ["missing"] },
            } },
        });
        share(&mut document);
        let media = &document["paths"]["/a"]["post"]["responses"]["403"]["content"][CONTENT_TYPE];
        let examples = json!({
            "forbidden": { "value": { "code": "forbidden", "missing": null } },
            "mfa_required": { "value": { "code": "mfa_required" } },
        });
        assert_eq!(*media, json!({ "schema": reference("Problem"), "examples": examples }));
        let schemas = json!({ "Problem": { "properties": { "code": {}, "missing": {} } } });
        assert_eq!(document["components"]["schemas"], schemas);
    }
}
