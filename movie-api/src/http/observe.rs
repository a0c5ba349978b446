//! One log line and one measurement per request, under the request's id.

use std::sync::Arc;
use std::time::Instant;

use poem::{Endpoint, IntoResponse, Request, Response};
use poem_openapi::OperationId;
use tracing::Instrument;

use super::request_id::{REQUEST_ID, RequestId};

/// Serves the request under its id, and echoes the id.
pub async fn observe<E: Endpoint>(inner: Arc<E>, mut request: Request) -> poem::Result<Response> {
    let id = RequestId::of(&request);
    request.set_data(id.clone());
    // The query string is left out: callers put all sorts of things there.
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let span = tracing::info_span!("request", request_id = id.as_str());
    async {
        let started = Instant::now();
        let mut response = inner.get_response(request).await.into_response();
        response.headers_mut().insert(REQUEST_ID, id.header());
        let (status, seconds) = (response.status().as_u16(), started.elapsed().as_secs_f64());
        tracing::info!(%method, path, status, ms = seconds * 1000.0, "answered");
        let operation = response.data::<OperationId>().map_or("none", |operation| operation.0);
        metrics::counter!("movie_requests_total", "operation" => operation, "status" => status.to_string())
            .increment(1);
        metrics::histogram!("movie_request_seconds", "operation" => operation).record(seconds);
        Ok(response)
    }
    .instrument(span)
    .await
}
