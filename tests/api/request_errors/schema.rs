//! Request bodies as `/openapi.json` describes them.

use serde_json::Value;
use tests::TestServer;

use crate::samples::{Sample, samples};

/// An operation with a request body, as the document describes it.
pub(super) struct WithBody {
    pub sample: Sample,
    /// Name and schema of each field.
    pub fields: Vec<(String, Value)>,
    pub required: Vec<String>,
}

impl WithBody {
    /// The valid body with another value in one field.
    pub(super) fn with(&self, field: &str, value: Value) -> Sample {
        let mut sample = self.sample.clone();
        sample.body.as_mut().unwrap()[field] = value;
        sample
    }
}

/// Every operation with a request body.
pub(super) async fn with_bodies(server: &TestServer, user: &tests::User) -> Vec<WithBody> {
    let document = server.guest().get("/openapi.json").await.ok();
    let all = samples(server, user).await;
    let with_body = all.into_iter().filter(|sample| sample.body.is_some());
    with_body
        .map(|sample| {
            let content = &sample.operation.object["requestBody"]["content"];
            let schema = resolve(&document, &content["application/json"]["schema"]);
            let fields = schema["properties"].as_object().unwrap().clone().into_iter().collect();
            let required = schema["required"].as_array().into_iter().flatten();
            let required = required.map(|name| name.as_str().unwrap().to_owned()).collect();
            WithBody { sample, fields, required }
        })
        .collect()
}

/// As [`with_bodies`], without AuthZEN's, whose errors its standard prescribes; see `authzen::malformed`.
pub(super) async fn with_strict_bodies(server: &TestServer, user: &tests::User) -> Vec<WithBody> {
    let mut all = with_bodies(server, user).await;
    all.retain(|body| !body.sample.path.starts_with("/access/v1/"));
    all
}

/// Resolves a reference.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}
