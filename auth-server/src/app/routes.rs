//! Every operation, inside the request pipeline.

use std::sync::Arc;

use poem::{Endpoint, EndpointExt};
use poem_openapi::OpenApi;
use service::config::ServerConfig;
use service::docs::{self, ApiInfo};
use service::health::LivenessApi;
use service::http::{RefuseNul, RouteTable, pipeline};
use service::lifecycle::Lifecycle;
use service::metrics::HttpMetrics;

use super::build::Built;
use super::health::ReadinessApi;
use crate::api;
use crate::api::check::FastCheck;
use crate::api::check::operations::CheckApi;

const INFO: ApiInfo =
    ApiInfo { title: "auth-server", description: include_str!("../api/about.md") };

/// Everything that the API's address serves.
pub(crate) fn endpoint(
    built: &Built,
    lifecycle: &Lifecycle,
    config: &ServerConfig,
) -> impl Endpoint + use<> {
    let state = &built.state;
    let check = CheckApi(Arc::clone(state));
    let health = (LivenessApi(lifecycle.clone()), ReadinessApi(Arc::clone(&built.health)));
    let api = (check.clone(), api::operations(state), health);
    let routes = routes_of(&api, &built.metrics.http);
    let pages = docs::pages(&api, INFO);
    // The data is what extractors look for; `/check` has it in its state.
    let documented = docs::service(api, INFO)
        .data(Arc::clone(&state.authenticator))
        .data(Arc::clone(&state.policy))
        .data(Arc::clone(&built.mfa));
    let api = pages.nest("/", documented).with(RefuseNul).with(FastCheck(check));
    pipeline(api, routes, built.metrics.http.clone(), config)
}

fn routes_of<T: OpenApi>(_: &T, metrics: &HttpMetrics) -> RouteTable {
    RouteTable::of::<T>(docs::PAGES, metrics)
}
