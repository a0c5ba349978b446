//! Successful responses; JSON bodies are written by serde.

use std::marker::PhantomData;

use bytes::Bytes;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;
use serde::Serialize;

use crate::docs;
use crate::problem::{INTERNAL, Problem};

/// 200 with a JSON body. `T` needs `serde::Serialize` (which writes it) and `poem_openapi::Object`
/// (which documents it); keep the names of both alike.
///
/// Caches must not store it (`Cache-Control: no-store`). Other headers are added around it:
/// `poem_openapi::payload::Response::new(Reply(role)).header("ETag", tag)`, and documented on the
/// operation with `#[oai(response_header(name = "ETag", ty = "String"))]`.
#[derive(Clone, Debug)]
pub struct Reply<T>(pub T);

/// 200 with a JSON body that was written before, for example on another thread; otherwise as
/// [`Reply`].
#[derive(Debug)]
pub struct WrittenReply<T> {
    json: Bytes,
    content: PhantomData<fn() -> T>,
}

/// 201 with a JSON body; otherwise as [`Reply`].
#[derive(Clone, Debug)]
pub struct Created<T>(pub T);

/// 204 without a body.
#[derive(Clone, Copy, Debug)]
pub struct NoContent;

/// 202 without a body: accepted, processed later.
#[derive(Clone, Copy, Debug)]
pub struct Accepted;

/// 200 without a body, if a standard requires that instead of 204.
#[derive(Clone, Copy, Debug)]
pub struct OkEmpty;

/// 303 without a body: redirects a browser to this URL.
#[derive(Clone, Debug)]
pub struct SeeOther(pub String);

impl<T> Clone for WrittenReply<T> {
    fn clone(&self) -> Self {
        Self { json: self.json.clone(), content: PhantomData }
    }
}

impl<T: Serialize> WrittenReply<T> {
    /// Writes the body.
    ///
    /// # Errors
    /// [`INTERNAL`] if a member cannot be written as JSON.
    pub fn write(value: &T) -> Result<Self, Problem> {
        Ok(Self { json: write(value)?, content: PhantomData })
    }

    /// Size of the body in bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.json.len()
    }
}

impl<T: Serialize + Send> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

impl<T> IntoResponse for WrittenReply<T> {
    fn into_response(self) -> Response {
        written(StatusCode::OK, self.json)
    }
}

impl<T: Serialize + Send> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        json(StatusCode::CREATED, &self.0)
    }
}

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        StatusCode::ACCEPTED.with_header(header::CACHE_CONTROL, "no-store").into_response()
    }
}

impl IntoResponse for OkEmpty {
    fn into_response(self) -> Response {
        StatusCode::OK.with_header(header::CACHE_CONTROL, "no-store").into_response()
    }
}

impl IntoResponse for SeeOther {
    fn into_response(self) -> Response {
        StatusCode::SEE_OTHER
            .with_header(header::LOCATION, self.0)
            .with_header(header::CACHE_CONTROL, "no-store")
            .into_response()
    }
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match write(value) {
        Ok(json) => written(status, json),
        Err(problem) => problem.into_response(),
    }
}

fn write(value: &impl Serialize) -> Result<Bytes, Problem> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|error| {
        tracing::error!(%error, "cannot write a response as JSON");
        Problem::new(INTERNAL)
    })
}

fn written(status: StatusCode, json: Bytes) -> Response {
    let mut response = Response::from(poem::Body::from_bytes(json));
    response.set_status(status);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

const JSON: &str = "application/json";

impl<T: Type> ApiResponse for Reply<T> {
    fn meta() -> MetaResponses {
        described::<T>(200, "Success.")
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type> ApiResponse for WrittenReply<T> {
    fn meta() -> MetaResponses {
        Reply::<T>::meta()
    }

    fn register(registry: &mut Registry) {
        Reply::<T>::register(registry);
    }
}

impl<T: Type> ApiResponse for Created<T> {
    fn meta() -> MetaResponses {
        described::<T>(201, "Created.")
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl ApiResponse for NoContent {
    fn meta() -> MetaResponses {
        MetaResponses { responses: vec![response(204, "Success.", vec![])] }
    }

    fn register(_: &mut Registry) {}
}

impl ApiResponse for Accepted {
    fn meta() -> MetaResponses {
        MetaResponses { responses: vec![response(202, "Accepted; processed later.", vec![])] }
    }

    fn register(_: &mut Registry) {}
}

impl ApiResponse for OkEmpty {
    fn meta() -> MetaResponses {
        MetaResponses { responses: vec![response(200, "Success.", vec![])] }
    }

    fn register(_: &mut Registry) {}
}

impl ApiResponse for SeeOther {
    fn meta() -> MetaResponses {
        let location = docs::header("Location", "Where to continue.");
        let response = response(303, "Continue at another URL.", vec![]);
        MetaResponses { responses: vec![MetaResponse { headers: vec![location], ..response }] }
    }

    fn register(_: &mut Registry) {}
}

fn described<T: Type>(status: u16, description: &'static str) -> MetaResponses {
    let content = vec![MetaMediaType { content_type: JSON, schema: T::schema_ref() }];
    MetaResponses { responses: vec![response(status, description, content)] }
}

fn response(status: u16, description: &'static str, content: Vec<MetaMediaType>) -> MetaResponse {
    MetaResponse { description, status: Some(status), status_range: None, content, headers: vec![] }
}
