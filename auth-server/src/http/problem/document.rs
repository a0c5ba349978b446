//! Problems in the OpenAPI document.

use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaSchema, MetaSchemaRef};
use poem_openapi::types::Type;

use super::{CONTENT_TYPE, Problem, Spec, rate_limit};

/// The OpenAPI description of these problems: one response per status, every code named.
#[must_use]
pub(crate) fn responses(own: &[Spec], common: &[&[Spec]]) -> Vec<MetaResponse> {
    let mut all: Vec<Spec> = own.iter().chain(common.iter().copied().flatten()).copied().collect();
    all.sort_by_key(|spec| (spec.status, spec.code));
    all.dedup_by_key(|spec| (spec.status, spec.code));
    all.chunk_by(|a, b| a.status == b.status).filter_map(response).collect()
}

fn response(specs: &[Spec]) -> Option<MetaResponse> {
    let status = specs.first()?.status;
    let lines: Vec<String> =
        specs.iter().map(|spec| format!("- `{}`: {}", spec.code, spec.title)).collect();
    Some(MetaResponse {
        // The registry wants a static text; this runs once per operation, at start.
        description: lines.join("\n").leak(),
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType { content_type: CONTENT_TYPE, schema: schema(specs) }],
        headers: if status == 429 { rate_limit::headers() } else { vec![] },
    })
}

/// [`Problem`], with `code` narrowed to the codes of this status.
fn schema(specs: &[Spec]) -> MetaSchemaRef {
    let codes = specs.iter().map(|spec| spec.code.into()).collect();
    let code = MetaSchema { enum_items: codes, ..MetaSchema::new("string") };
    let narrowed = MetaSchema {
        properties: vec![("code", MetaSchemaRef::Inline(Box::new(code)))],
        ..MetaSchema::new("object")
    };
    MetaSchemaRef::Inline(Box::new(MetaSchema {
        all_of: vec![Problem::schema_ref(), MetaSchemaRef::Inline(Box::new(narrowed))],
        ..MetaSchema::ANY
    }))
}
