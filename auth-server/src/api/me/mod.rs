//! `/api/v1/me`: the caller's own account.

pub(crate) mod credential_change;
pub(crate) mod delete;
pub(crate) mod email_verification;
pub(crate) mod history;
pub(crate) mod identities;
pub(crate) mod login;
pub(crate) mod password;
pub(crate) mod permissions;
pub(crate) mod profile;
pub(crate) mod second_factor;
pub(crate) mod sessions;
pub(crate) mod user_agents;

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::AppState;

/// The operations on this state.
pub(crate) fn api(state: &Arc<AppState>) -> impl OpenApi + use<> {
    (
        profile::MeApi(Arc::clone(state)),
        password::MyPasswordApi(Arc::clone(state)),
        login::MyLoginApi(Arc::clone(state)),
        email_verification::ResendVerification(Arc::clone(state)),
        second_factor::api(state),
        identities::api(state),
        user_agents::MyUserAgentsApi(Arc::clone(state)),
        sessions::MySessionsApi(Arc::clone(state)),
        history::MyHistoryApi(Arc::clone(state)),
        permissions::MyPermissionsApi(Arc::clone(state)),
    )
}
