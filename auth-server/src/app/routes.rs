//! Every operation, behind the one edge.

use std::sync::Arc;

use poem::http::Method;
use poem::{Endpoint, IntoEndpoint};
use poem_openapi::OpenApi;

use super::build::Parts;
use super::health::HealthApi;
use crate::api::admin::Admin;
use crate::api::audit::AuditApi;
use crate::api::auth;
use crate::api::auth::email;
use crate::api::check::Hot;
use crate::api::check::operations::CheckApi;
use crate::api::clients::ClientsApi;
use crate::api::me::history::MyHistoryApi;
use crate::api::me::identities;
use crate::api::me::login::LoginApi;
use crate::api::me::password::PasswordApi;
use crate::api::me::permissions::PermissionsApi;
use crate::api::me::profile::MeApi;
use crate::api::me::second_factor;
use crate::api::me::sessions::SessionsApi;
use crate::api::me::user_agents::UserAgentsApi;
use crate::api::oauth;
use crate::api::oauth::jwks::JwksApi;
use crate::api::roles;
use crate::api::rules::RulesApi;
use crate::api::users::account::AccountsApi;
use crate::api::users::history::UserHistoryApi;
use crate::api::users::roles::UsersApi;
use crate::config::ServerConfig;
use crate::http::openapi;
use crate::http::{Answered, Direct, Documented, Edge, Origins, Shared};

/// Everything that the API's address answers.
pub fn endpoint(parts: &Parts, config: &ServerConfig) -> impl Endpoint + use<> {
    let check = check(parts);
    let api = operations(parts, check.clone());
    let pages = openapi::pages(&api);
    let mut documented = Documented::new(api, pages);
    let routes = Arc::new(documented.routes());
    let metrics = parts.metrics.http.clone();
    let mut operations = documented.direct(&metrics);
    operations.replace(&Method::POST, "/api/v1/check", Hot(check));
    let operations = Arc::new(operations);
    let service = openapi::service(documented).into_endpoint();
    let direct = Direct::new(Arc::clone(&operations), service);
    let answered = Answered::new(direct, Arc::clone(&routes));
    let origins = Origins::new(answered, config.cors_origins.as_slice());
    Edge::new(origins, (operations, routes), metrics, shared(parts, config))
}

/// What extractors look for.
fn shared(parts: &Parts, config: &ServerConfig) -> Shared {
    let body_limit = usize::try_from(config.body_limit.get()).unwrap_or(usize::MAX);
    let mut shared = Shared { body_limit, ..Shared::default() };
    shared.parts.insert(Arc::clone(&parts.identity));
    shared.parts.insert(Arc::clone(&parts.policy));
    shared.parts.insert(parts.pool.clone());
    shared.parts.insert(config.trusted_proxies.clone());
    shared.parts.insert(Arc::clone(&parts.gate));
    shared
}

fn check(parts: &Parts) -> CheckApi {
    CheckApi {
        policy: Arc::clone(&parts.policy),
        filters: Arc::default(),
        clock: parts.clock.clone(),
        decisions: parts.metrics.decisions.clone(),
    }
}

fn operations(parts: &Parts, check: CheckApi) -> impl OpenApi + use<> {
    let admin = Admin {
        pool: parts.pool.clone(),
        policy: Arc::clone(&parts.policy),
        clock: parts.clock.clone(),
        history: parts.accounts.history.clone(),
        sessions: Arc::clone(&parts.accounts.sessions),
        identity: Arc::clone(&parts.identity),
    };
    (
        check,
        administration(admin),
        (auth::api(&parts.accounts), auth::oidc::api(&parts.accounts, &parts.oidc)),
        MeApi(parts.accounts.clone(), Arc::clone(&parts.policy)),
        MyHistoryApi(parts.accounts.clone()),
        (
            PasswordApi(parts.accounts.clone()),
            LoginApi(parts.accounts.clone()),
            second_factor::api(&parts.accounts),
            email::api(&parts.accounts),
            UserAgentsApi(parts.accounts.clone()),
            identities::api(&parts.accounts, &parts.oidc),
        ),
        SessionsApi(parts.accounts.clone()),
        PermissionsApi(Arc::clone(&parts.policy)),
        oauth::api(&parts.accounts, &parts.policy, &parts.names),
        JwksApi(Arc::clone(&parts.keys)),
        HealthApi { health: Arc::clone(&parts.health) },
    )
}

fn administration(admin: Admin) -> impl OpenApi + use<> {
    (
        roles::api(&admin),
        RulesApi(admin.clone()),
        UsersApi(admin.clone()),
        AccountsApi(admin.clone()),
        UserHistoryApi(admin.clone()),
        AuditApi(admin.clone()),
        ClientsApi(admin),
    )
}
