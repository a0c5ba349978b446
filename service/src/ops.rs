//! The operators' listener: metrics and health.

use std::sync::Arc;

use poem::endpoint::make;
use poem::http::{StatusCode, header};
use poem::{Endpoint, EndpointExt, Response, Route};
use poem_openapi::{OpenApi, OpenApiService};

use crate::http::WellFormed;
use crate::metrics::{self, Registry};

/// `/metrics` from `registry`, and the operations of `health`. `refresh` runs before each scrape, to
/// bring gauges that describe a state up to date.
pub fn endpoint<H, F, Fut>(health: H, registry: Arc<Registry>, refresh: F) -> impl Endpoint
where
    H: OpenApi + 'static,
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let scrape = make(move |_| {
        let (refreshed, registry) = (refresh(), Arc::clone(&registry));
        async move {
            refreshed.await;
            scrape(&registry)
        }
    });
    Route::new()
        .nest("/", OpenApiService::new(health, "operation", crate::build::VERSION))
        .at("/metrics", poem::get(scrape))
        .with(WellFormed)
}

fn scrape(registry: &Registry) -> poem::Result<Response> {
    let text = metrics::encode(registry).map_err(|error| {
        tracing::error!(%error, "cannot encode the metrics");
        poem::Error::from_status(StatusCode::INTERNAL_SERVER_ERROR)
    })?;
    Ok(Response::builder().header(header::CONTENT_TYPE, metrics::CONTENT_TYPE).body(text))
}
