//! Every operation, behind the one edge.

use std::sync::Arc;

use poem::{Endpoint, IntoEndpoint, Request};
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
use crate::request::{Answered, Direct, Edge, Operations, Origins};
use crate::token::api::JwksApi;

/// Everything that the API's address answers.
pub fn endpoint(parts: &Parts, config: &ServerConfig) -> impl Endpoint + use<> {
    let api = operations(parts);
    let pages = docs::pages(&api);
    let mut operations = Operations::new(api, pages);
    let routes = Arc::new(operations.routes());
    let direct = operations.direct();
    let direct = Direct::new(direct, docs::service(operations).into_endpoint());
    let answered = Answered::new(direct, Arc::clone(&routes));
    let shared = Origins::new(answered, config.cors_origins.as_slice());
    let (identity, policy) = (Arc::clone(&parts.identity), Arc::clone(&parts.policy));
    let share = move |request: &mut Request| {
        request.set_data(Arc::clone(&identity));
        request.set_data(Arc::clone(&policy));
    };
    let body_limit = usize::try_from(config.body_limit.get()).unwrap_or(usize::MAX);
    Edge::new(shared, (routes, parts.metrics.http.clone()), Box::new(share), body_limit)
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
