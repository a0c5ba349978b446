//! Logging in with external identities (OpenID Connect). One operation per file.

pub(crate) mod callback;
pub(crate) mod exchange;
pub(crate) mod link;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod result;
pub(crate) mod start;

use std::sync::Arc;

use crate::api::AppState;

pub(crate) type OidcApi = (list::List, start::Start, callback::Callback, exchange::Exchange);

/// The operations on this state.
#[must_use]
pub(crate) fn api(state: &Arc<AppState>) -> OidcApi {
    (
        list::List(Arc::clone(state)),
        start::Start(Arc::clone(state)),
        callback::Callback(Arc::clone(state)),
        exchange::Exchange(Arc::clone(state)),
    )
}
