//! Every operation, behind the one request pipeline.

use std::sync::Arc;

use poem::http::Method;
use poem::{Endpoint, IntoEndpoint};

use super::health::{Health, HealthApi};
use crate::api::check::FastCheck;
use crate::api::check::operations::CheckApi;
use crate::api::{self, AppState};
use crate::config::ServerConfig;
use crate::http::{Answered, Direct, Documented, Edge, Origins, Shared, openapi};
use crate::metrics::Metrics;
use crate::second_factor::Gate;

/// Everything that the API's address answers.
pub(crate) fn endpoint(
    state: &Arc<AppState>,
    mfa: Arc<Gate>,
    health: &Arc<Health>,
    metrics: &Metrics,
    config: &ServerConfig,
) -> impl Endpoint + use<> {
    let check = CheckApi::new(Arc::clone(state));
    let health = HealthApi { health: Arc::clone(health) };
    let api = (check.clone(), api::operations(state), health);
    let pages = openapi::pages(&api);
    let mut documented = Documented::new(api, pages);
    let routes = Arc::new(documented.routes());
    let metrics = metrics.http.clone();
    let mut operations = documented.direct(&metrics);
    operations.replace(&Method::POST, "/api/v1/check", FastCheck(check));
    let operations = Arc::new(operations);
    let service = openapi::service(documented).into_endpoint();
    let direct = Direct::new(Arc::clone(&operations), service);
    let answered = Answered::new(direct, Arc::clone(&routes));
    let origins = Origins::new(answered, config.cors_origins.as_slice());
    Edge::new(origins, (operations, routes), metrics, shared(state, mfa, config))
}

/// What extractors look for.
fn shared(state: &Arc<AppState>, mfa: Arc<Gate>, config: &ServerConfig) -> Shared {
    let body_limit = usize::try_from(config.body_limit.get()).unwrap_or(usize::MAX);
    let mut shared = Shared { body_limit, ..Shared::default() };
    shared.parts.insert(Arc::clone(&state.authenticator));
    shared.parts.insert(Arc::clone(&state.policy));
    shared.parts.insert(state.pool.clone());
    shared.parts.insert(config.trusted_proxies.clone());
    shared.parts.insert(mfa);
    shared
}
