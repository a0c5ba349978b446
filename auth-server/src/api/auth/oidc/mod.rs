//! Signing in by an account elsewhere. One operation per file.

pub(crate) mod callback;
pub(crate) mod callback_response;
pub(crate) mod flow_cookies;
pub(crate) mod link;
pub(crate) mod list;
pub(crate) mod sign_in;
pub(crate) mod start;

use std::sync::Arc;

use crate::api::AppState;

/// The operations.
pub(crate) type OidcApi = (list::List, start::Start, callback::Callback);

/// The operations, working on these accounts.
#[must_use]
pub(crate) fn api(state: &Arc<AppState>) -> OidcApi {
    (
        list::List(Arc::clone(state)),
        start::Start(Arc::clone(state)),
        callback::Callback(Arc::clone(state)),
    )
}
