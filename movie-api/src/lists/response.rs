//! The response with a list.

use std::marker::PhantomData;

use poem::http::{HeaderValue, StatusCode, header};
use poem::{Body, IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;
use serde::Serialize;
use service::problem::{INTERNAL, Problem};

use super::full::FullList;
use super::page::{Item, List};
use crate::error::{stale_header, stale_meta};

const JSON: &str = "application/json; charset=utf-8";

/// A list that was found.
pub(crate) enum Listed<T: Item> {
    /// In one piece.
    Whole(List<T>),
    /// Sent while it is read.
    Streamed(FullList<T>),
}

impl<T: Item> Listed<T> {
    /// The response: what `shape` makes of the list, whose first field must be `items`. `stale` is the
    /// age of the cached filter, if one was used.
    ///
    /// `shape` is called once, when `total` is known; the `items` may have been sent before.
    pub(crate) fn respond<L: Serialize>(
        self,
        stale: Option<u32>,
        shape: impl FnOnce(List<T>) -> L + Send + 'static,
    ) -> ListResponse<L> {
        let body = match self {
            Self::Whole(list) => serde_json::to_vec(&shape(list)).map(Into::into),
            Self::Streamed(list) => Ok(list.body(shape)),
        };
        ListResponse { body, stale, shape: PhantomData }
    }
}

/// 200 with a list of the shape `L`.
pub(crate) struct ListResponse<L> {
    body: serde_json::Result<Body>,
    stale: Option<u32>,
    shape: PhantomData<fn() -> L>,
}

impl<L> IntoResponse for ListResponse<L> {
    fn into_response(self) -> Response {
        let body = match self.body {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(%error, "cannot write a list as JSON");
                return Problem::new(INTERNAL).into_response();
            }
        };
        let mut response = Response::from(body);
        response.set_status(StatusCode::OK);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        if let Some(Ok(stale)) = stale_header(self.stale).map(HeaderValue::try_from) {
            headers.insert("x-authorization", stale);
        }
        response
    }
}

impl<L: Type> ApiResponse for ListResponse<L> {
    fn meta() -> MetaResponses {
        let response = MetaResponse {
            description: "The items that the caller may read.",
            status: Some(200),
            status_range: None,
            content: vec![MetaMediaType { content_type: JSON, schema: L::schema_ref() }],
            headers: vec![stale_meta()],
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        L::register(registry);
    }
}
