//! The middleware of an API in its order.

use std::sync::Arc;

use poem::{Endpoint, EndpointExt, Response};

use super::{Cors, Observe, Recover, RouteTable, WellFormed};
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
    for_front_ends(api, &routes, config).with(Observe::new(routes, metrics, config))
}

/// The part of [`pipeline`] inside [`Observe`]: `api`, with a response to every request, and CORS.
pub fn for_front_ends<E: Endpoint + 'static>(
    api: E,
    routes: &Arc<RouteTable>,
    config: &ServerConfig,
) -> impl Endpoint<Output = Response> + use<E> {
    api.with(Recover::new(Arc::clone(routes)))
        .with(WellFormed)
        .with(Cors::new(&config.cors_origins, &config.cors_headers))
}

#[cfg(test)]
#[path = "pipeline_tests.rs"]
mod tests;
