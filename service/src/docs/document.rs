//! The OpenAPI document as it is served: what poem-openapi writes (OpenAPI 3.0), completed and turned into OpenAPI 3.1.

use serde_json::{Map, Value, json};

use super::{ApiInfo, examples, json_schema, nulls, problems};

/// Where schemas are referred to.
const SCHEMAS: &str = "#/components/schemas/";

/// Why the document cannot be completed.
#[derive(Debug, thiserror::Error)]
pub(super) enum DocumentError {
    /// The document is not JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The list of examples is not TOML.
    #[error("examples: {0}")]
    Examples(#[from] toml::de::Error),
}

/// Completes poem-openapi's document. `prefix` is the path under which the API is published; empty for the root.
pub(super) fn complete(
    document: &str,
    info: &ApiInfo,
    prefix: &str,
) -> Result<String, DocumentError> {
    let mut document: Map<String, Value> = serde_json::from_str(document)?;
    document.insert("openapi".into(), "3.1.0".into());
    let url = if prefix.is_empty() { "/" } else { prefix };
    document.insert("servers".into(), json!([{ "url": url }]));
    let mut document = Value::Object(document);
    order_tags(&mut document, info.tags);
    state_that_guests_are_admitted(&mut document);
    nulls::allow(&mut document);
    problems::share(&mut document);
    json_schema::modernize(&mut document);
    examples::add(&mut document, &toml::from_str(info.examples)?);
    Ok(serde_json::to_string(&document)?)
}

/// Puts the groups of operations into this order; others follow.
fn order_tags(document: &mut Value, tags: &[&str]) {
    let place = |tag: &Value| tags.iter().position(|name| tag["name"] == **name);
    if let Some(listed) = document["tags"].as_array_mut() {
        listed.sort_by_key(|tag| place(tag).unwrap_or(tags.len()));
    }
}

/// Without a list of its own an operation would have that of the whole document.
fn state_that_guests_are_admitted(document: &mut Value) {
    for operation in operations(document) {
        operation.entry("security").or_insert_with(|| json!([]));
    }
}

/// Every operation.
pub(super) fn operations(document: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    let operations = paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut);
    operations.filter_map(Value::as_object_mut)
}

/// The schemas by their names.
pub(super) fn schemas(document: &mut Value) -> Option<&mut Value> {
    document.pointer_mut("/components/schemas")
}

/// The name of the schema that this one refers to.
pub(super) fn referred(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix(SCHEMAS)
}

/// A reference to the schema of this name.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("{SCHEMAS}{name}") })
}
