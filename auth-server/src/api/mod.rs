//! The operations of the HTTP API; folders and files mirror the paths. Only [`crate::app`] imports
//! this module.

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod check;
pub(crate) mod clients;
pub(crate) mod completion;
pub(crate) mod device;
pub(crate) mod explain;
pub(crate) mod forward_auth;
pub(crate) mod me;
pub(crate) mod oauth;
pub(crate) mod policy;
pub(crate) mod policy_changes;
pub(crate) mod policy_revisions;
pub(crate) mod policy_write;
pub(crate) mod problems;
pub(crate) mod reauthentication;
pub(crate) mod roles;
pub(crate) mod rules;
pub(crate) mod state;
pub(crate) mod subject;
pub(crate) mod users;

use std::sync::Arc;

use poem_openapi::OpenApi;

pub(crate) use state::AppState;

/// All operations on this state, besides those of [`check::operations`] and [`forward_auth::operation`].
pub(crate) fn operations(state: &Arc<AppState>) -> impl OpenApi + use<> {
    (
        check::filter::FilterApi::new(Arc::clone(state)),
        explain::ExplainApi(Arc::clone(state)),
        access::api(state),
        auth::api(state),
        me::api(state),
        users::api(state),
        roles::RolesApi(Arc::clone(state)),
        rules::RulesApi(Arc::clone(state)),
        (
            policy::PolicyApi(Arc::clone(state)),
            policy_changes::preview::PreviewApi(Arc::clone(state)),
            policy_changes::apply::ApplyApi(Arc::clone(state)),
            policy_revisions::RevisionsApi(Arc::clone(state)),
        ),
        clients::ClientsApi(Arc::clone(state)),
        audit::AuditApi(Arc::clone(state)),
        oauth::api(state),
    )
}
