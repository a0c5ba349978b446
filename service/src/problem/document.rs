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
    let lines: Vec<String> = specs.iter().map(line).collect();
    Some(MetaResponse {
        // The registry requires a static text; this runs once per operation, at start.
        description: lines.join("\n").leak(),
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType { content_type: CONTENT_TYPE, schema: schema(specs) }],
        headers: headers(status, specs),
    })
}

fn line(spec: &Spec) -> String {
    let text = [Some(spec.title), spec.detail].into_iter().flatten().collect::<Vec<_>>();
    format!("- `{}`: {}", spec.code, text.join(" "))
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

/// An alternative with an example for each of these problems, from which the document makes one schema.
fn schema(specs: &[Spec]) -> MetaSchemaRef {
    let any_of = specs.iter().map(|spec| inline(alternative(*spec))).collect();
    inline(MetaSchema { any_of, ..MetaSchema::ANY })
}

fn alternative(spec: Spec) -> MetaSchema {
    let members = spec.extension.map(|extension| (extension.schema)());
    let all_of = [Problem::schema_ref()].into_iter().chain(members).collect();
    MetaSchema { all_of, example: serde_json::to_value(example(spec)).ok(), ..MetaSchema::ANY }
}

fn example(spec: Spec) -> Problem {
    let problem = Problem::new(spec);
    if spec.status == 429 { problem.retry_after(30) } else { problem }
}

fn inline(schema: MetaSchema) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(schema))
}
