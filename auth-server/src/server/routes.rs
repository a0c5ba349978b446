//! Every operation, behind the one edge.

use std::sync::Arc;

use poem::http::Method;
use poem::{Endpoint, IntoEndpoint};
use poem_openapi::OpenApi;

use super::parts::Parts;
use crate::account::history::MyHistoryApi;
use crate::account::identities;
use crate::account::login::LoginApi;
use crate::account::mail;
use crate::account::me::MeApi;
use crate::account::password::PasswordApi;
use crate::account::permissions::PermissionsApi;
use crate::account::second_factor;
use crate::account::sessions::SessionsApi;
use crate::account::user_agents::UserAgentsApi;
use crate::admin::Admin;
use crate::admin::accounts::AccountsApi;
use crate::admin::audit::AuditApi;
use crate::admin::clients::ClientsApi;
use crate::admin::history::UserHistoryApi;
use crate::admin::roles;
use crate::admin::rules::RulesApi;
use crate::admin::users::UsersApi;
use crate::check::{Hot, api::CheckApi};
use crate::config::ServerConfig;
use crate::docs;
use crate::login;
use crate::oauth;
use crate::ops::HealthApi;
use crate::request::{Answered, Direct, Documented, Edge, Origins, Shared};
use crate::token::api::JwksApi;

/// Everything that the API's address answers.
pub fn endpoint(parts: &Parts, config: &ServerConfig) -> impl Endpoint + use<> {
    let check = check(parts);
    let api = operations(parts, check.clone());
    let pages = docs::pages(&api);
    let mut documented = Documented::new(api, pages);
    let routes = Arc::new(documented.routes());
    let metrics = parts.metrics.http.clone();
    let mut operations = documented.direct(&metrics);
    operations.replace(&Method::POST, "/api/v1/check", Hot(check));
    let operations = Arc::new(operations);
    let service = docs::service(documented).into_endpoint();
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
        (login::api(&parts.accounts), login::oidc::api(&parts.accounts, &parts.oidc)),
        MeApi(parts.accounts.clone(), Arc::clone(&parts.policy)),
        MyHistoryApi(parts.accounts.clone()),
        (
            PasswordApi(parts.accounts.clone()),
            LoginApi(parts.accounts.clone()),
            second_factor::api(&parts.accounts),
            mail::api(&parts.accounts),
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
