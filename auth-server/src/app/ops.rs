//! What the operators' listener answers: metrics, and the health paths again.

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::{StatusCode, header};
use poem::{Endpoint, EndpointExt, Response, Route};
use poem_openapi::OpenApiService;

use super::health::{Health, HealthApi};
use crate::metrics::Metrics;

/// Media type of the OpenMetrics text format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that only operators may see.
#[must_use]
pub(crate) fn endpoint(health: Arc<Health>, metrics: Metrics) -> BoxEndpoint<'static, Response> {
    let api = OpenApiService::new(HealthApi { health: Arc::clone(&health) }, "operation", "1");
    Route::new().nest("/", api).at("/metrics", scrape(health, metrics)).boxed()
}

fn scrape(health: Arc<Health>, metrics: Metrics) -> impl Endpoint {
    poem::endpoint::make(move |_| {
        let (health, metrics) = (Arc::clone(&health), metrics.clone());
        async move {
            health.measure(&metrics).await;
            let text = metrics.encode().map_err(|error| {
                tracing::error!(%error, "metrics can't be written");
                poem::Error::from_status(StatusCode::INTERNAL_SERVER_ERROR)
            })?;
            let response = Response::builder().header(header::CONTENT_TYPE, OPEN_METRICS);
            poem::Result::<Response>::Ok(response.body(text))
        }
    })
}
