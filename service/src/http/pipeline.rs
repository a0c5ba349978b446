//! The middleware of an API in its order.

use std::sync::Arc;

use poem::{Endpoint, EndpointExt, Response};

use super::{Cors, Observe, Recover, RouteTable};
use crate::config::ServerConfig;
use crate::metrics::HttpMetrics;

/// What an API's address serves: `api`, with a response to every request (inside CORS), a context, a
/// log line and metrics.
pub fn pipeline<E: Endpoint + 'static>(
    api: E,
    routes: RouteTable,
    metrics: HttpMetrics,
    config: &ServerConfig,
) -> impl Endpoint<Output = Response> + use<E> {
    let routes = Arc::new(routes);
    api.with(Recover::new(Arc::clone(&routes)))
        .with(Cors::new(&config.cors_origins))
        .with(Observe::new(routes, metrics, config))
}

#[cfg(test)]
#[path = "pipeline_tests.rs"]
mod tests;
