//! Problems in the OpenAPI document.

use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaResponse, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::types::Type;

use super::{CONTENT_TYPE, Challenge, Problem, Spec, rate_limit};
use crate::docs::header;

/// The OpenAPI description of these problems: one response per status, with every code.
#[must_use]
pub fn responses(own: &[Spec], common: &[&[Spec]]) -> Vec<MetaResponse> {
    let mut all: Vec<Spec> = own.iter().chain(common.iter().copied().flatten()).copied().collect();
    all.sort_by_key(|spec| (spec.status, spec.code));
    all.dedup_by_key(|spec| (spec.status, spec.code));
    all.chunk_by(|a, b| a.status == b.status).filter_map(response).collect()
}

/// Registers the schemas that [`responses`] refers to.
pub fn register(registry: &mut Registry, own: &[Spec], common: &[&[Spec]]) {
    Problem::register(registry);
    let specs = own.iter().chain(common.iter().copied().flatten());
    for extension in specs.filter_map(|spec| spec.extension) {
        (extension.register)(registry);
    }
}

fn response(specs: &[Spec]) -> Option<MetaResponse> {
    let status = specs.first()?.status;
    let lines: Vec<String> =
        specs.iter().map(|spec| format!("- `{}`: {}", spec.code, spec.title)).collect();
    Some(MetaResponse {
        // The registry requires a static text; this runs once per operation, at start.
        description: lines.join("\n").leak(),
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType { content_type: CONTENT_TYPE, schema: schema(specs) }],
        headers: headers(status, specs),
    })
}

fn headers(status: u16, specs: &[Spec]) -> Vec<MetaHeader> {
    let mut headers = match status {
        429 => rate_limit::headers(),
        503 => vec![MetaHeader {
            required: false,
            ..header("Retry-After", "Seconds until the next attempt is worthwhile.")
        }],
        _ => vec![],
    };
    if specs.iter().any(|spec| spec.challenge != Challenge::None) {
        headers.push(header("WWW-Authenticate", "How to authenticate."));
    }
    headers
}

/// [`Problem`] with `code` narrowed to the codes of this status, and the members of its extensions.
fn schema(specs: &[Spec]) -> MetaSchemaRef {
    let codes = specs.iter().map(|spec| spec.code.into()).collect();
    let code = MetaSchema { enum_items: codes, ..MetaSchema::new("string") };
    let narrowed = MetaSchema {
        properties: vec![("code", MetaSchemaRef::Inline(Box::new(code)))],
        ..MetaSchema::new("object")
    };
    let mut all_of = vec![Problem::schema_ref(), MetaSchemaRef::Inline(Box::new(narrowed))];
    // Members are required only if every problem of this status has them.
    match specs {
        [only] => all_of.extend(only.extension.map(|extension| (extension.schema)())),
        several => {
            let schemas = several.iter().filter_map(|spec| spec.extension);
            let any_of: Vec<_> = schemas.map(|extension| (extension.schema)()).collect();
            if !any_of.is_empty() {
                let any_of = any_of.into_iter().chain([Problem::schema_ref()]).collect();
                let optional = MetaSchema { any_of, ..MetaSchema::ANY };
                all_of.push(MetaSchemaRef::Inline(Box::new(optional)));
            }
        }
    }
    MetaSchemaRef::Inline(Box::new(MetaSchema { all_of, ..MetaSchema::ANY }))
}
