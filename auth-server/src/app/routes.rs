//! Every operation, inside the request pipeline.

use std::sync::Arc;

use poem::http::Method;
use poem::web::Redirect;
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Response, Result};
use poem_openapi::OpenApi;
use service::config::ServerConfig;
use service::docs::{self, ApiInfo};
use service::health::LivenessApi;
use service::http::{ExactQuery, Observe, RefuseNul, RouteTable, for_front_ends};
use service::lifecycle::Lifecycle;
use service::metrics::HttpMetrics;

use super::build::Built;
use super::health::ReadinessApi;
use crate::api;
use crate::api::check::FastCheck;
use crate::api::check::operations::CheckApi;
use crate::api::forward_auth::{FastForwardAuth, ForwardAuthApi};
use crate::api::oauth::errors::OauthErrors;
use crate::http::published_path::{self, MetadataPath};
use crate::http::refuse_head::refuse_head;

const INFO: ApiInfo = ApiInfo {
    title: "auth-server",
    description: include_str!("../api/about.md"),
    tags: &[
        "Auth", "Roles", "Rules", "Policy", "Users", "Audit", "Clients", "Me", "Check", "Access",
    ],
    examples: include_str!("../api/examples.toml"),
    sign_in: Some("api/v1/auth"),
};

/// Everything that the API's address serves.
pub(crate) fn endpoint(
    built: &Built,
    lifecycle: &Lifecycle,
    config: &ServerConfig,
) -> impl Endpoint + use<> {
    let state = &built.state;
    let check = CheckApi(Arc::clone(state));
    let forward_auth = ForwardAuthApi(Arc::clone(state));
    let health = (LivenessApi(lifecycle.clone()), ReadinessApi(Arc::clone(&built.health)));
    let exact = ExactQuery((check.clone(), api::operations(state), health));
    // Proxies send the query of the original request along.
    let api = (exact, forward_auth.clone());
    let routes = Arc::new(routes_of(&api, &built.metrics.http));
    let prefix = published_path::prefix(state.issuer.name());
    let pages = docs::pages(&api, INFO, &prefix);
    // The data is what extractors look for; `/check` has it in its state.
    let documented = docs::service(api, INFO)
        .data(Arc::clone(&state.authenticator))
        .data(Arc::clone(&state.policy))
        .data(Arc::clone(&built.mfa));
    let api = pages
        .nest("/", documented)
        .around(async |api, request| refuse_head(&api, request).await)
        .around(async |api, request| lead_to_docs(&api, request).await)
        .with(MetadataPath::of(&prefix))
        .with(RefuseNul)
        .with(OauthErrors)
        .with(FastCheck(check));
    let api = for_front_ends(api, &routes, config).with(FastForwardAuth(forward_auth));
    api.with(Observe::new(routes, built.metrics.http.clone(), config))
}

/// A browser that opens the address of the server is led to its documentation.
async fn lead_to_docs<E: Endpoint>(api: &E, request: Request) -> Result<Response> {
    if request.uri().path() == "/" && request.method() == Method::GET {
        return Ok(Redirect::see_other("docs").into_response());
    }
    api.call(request).await.map(IntoResponse::into_response)
}

fn routes_of<T: OpenApi>(_: &T, metrics: &HttpMetrics) -> RouteTable {
    RouteTable::of::<T>(&[docs::PAGES, &["/"]].concat(), metrics)
}
