//! The response with what the caller may see.

use std::marker::PhantomData;

use poem::http::{HeaderValue, StatusCode, header};
use poem::{Body, IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;
use serde::Serialize;
use service::docs;
use service::problem::{INTERNAL, Problem};

use crate::error::{mark_stale, stale_meta};

const JSON: &str = "application/json; charset=utf-8";

/// 200 with a `T`. As serde writes it and poem-openapi documents it, keep the names of both alike.
pub(crate) struct Shown<T> {
    body: serde_json::Result<Body>,
    stale: Option<u32>,
    content: PhantomData<fn() -> T>,
}

impl<T: Serialize> Shown<T> {
    /// All of it at once. `stale` is the age of the cached filter, if one was used.
    pub(crate) fn whole(content: &T, stale: Option<u32>) -> Self {
        let body = serde_json::to_vec(content).map(Into::into);
        Self { body, stale, content: PhantomData }
    }

    /// The same, sent while it is read.
    pub(crate) fn streamed(body: Body, stale: Option<u32>) -> Self {
        Self { body: Ok(body), stale, content: PhantomData }
    }
}

impl<T> IntoResponse for Shown<T> {
    fn into_response(self) -> Response {
        let body = match self.body {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(%error, "cannot write a response as JSON");
                return Problem::new(INTERNAL).into_response();
            }
        };
        let mut response = Response::from(body);
        response.set_status(StatusCode::OK);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        mark_stale(&mut response, self.stale);
        response
    }
}

fn tag_meta() -> MetaHeader {
    let description =
        "Names this response in `If-None-Match`. A list that is sent while it is read has none.";
    MetaHeader { required: false, ..docs::header("ETag", description) }
}

impl<T: Type> ApiResponse for Shown<T> {
    fn meta() -> MetaResponses {
        let shown = MetaResponse {
            description: "What the caller may read.",
            status: Some(200),
            status_range: None,
            content: vec![MetaMediaType { content_type: JSON, schema: T::schema_ref() }],
            headers: vec![stale_meta(), tag_meta()],
        };
        let unchanged = MetaResponse {
            description: "Nothing has changed for this caller since the response with the `ETag` of `If-None-Match`.",
            status: Some(304),
            status_range: None,
            content: Vec::new(),
            headers: vec![stale_meta(), tag_meta()],
        };
        MetaResponses { responses: vec![shown, unchanged] }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}
