//! Every operation, behind the one edge.

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::{EndpointExt, IntoEndpoint, Response};
use poem_openapi::OpenApi;

use super::parts::Parts;
use crate::account::me::MeApi;
use crate::account::password::PasswordApi;
use crate::account::permissions::PermissionsApi;
use crate::admin::Admin;
use crate::admin::roles::RolesApi;
use crate::admin::rules::RulesApi;
use crate::admin::users::UsersApi;
use crate::check::{Filters, api::CheckApi};
use crate::config::ServerConfig;
use crate::docs;
use crate::login;
use crate::ops::HealthApi;
use crate::request::{Answered, Edge, Origins, WithPages};
use crate::token::api::JwksApi;

/// Everything that the API's address answers.
pub fn endpoint(parts: &Parts, config: &ServerConfig) -> BoxEndpoint<'static, Response> {
    let api = operations(parts);
    let pages = docs::pages(&api);
    let api = WithPages::new(api, pages);
    let routes = Arc::new(api.routes());
    let operations = docs::service(api)
        .into_endpoint()
        .data(Arc::clone(&parts.identity))
        .data(Arc::clone(&parts.policy));
    let answered = Answered::new(operations, Arc::clone(&routes));
    let metrics = parts.metrics.http.clone();
    let body_limit = usize::try_from(config.body_limit.get()).unwrap_or(usize::MAX);
    match config.cors_origins.as_slice() {
        [] => Edge::new(answered, routes, metrics, body_limit).boxed(),
        origins => Edge::new(Origins::new(answered, origins), routes, metrics, body_limit).boxed(),
    }
}

fn operations(parts: &Parts) -> impl OpenApi + use<> {
    let admin = Admin {
        pool: parts.pool.clone(),
        policy: Arc::clone(&parts.policy),
        clock: parts.clock.clone(),
    };
    let check = CheckApi {
        policy: Arc::clone(&parts.policy),
        filters: Filters::default(),
        clock: parts.clock.clone(),
        decisions: parts.metrics.decisions.clone(),
    };
    (
        check,
        RolesApi(admin.clone()),
        RulesApi(admin.clone()),
        UsersApi(admin),
        login::api(&parts.accounts),
        MeApi(parts.accounts.clone()),
        PasswordApi(parts.accounts.clone()),
        PermissionsApi(Arc::clone(&parts.policy)),
        JwksApi(Arc::clone(&parts.keys)),
        HealthApi { health: Arc::clone(&parts.health) },
    )
}
