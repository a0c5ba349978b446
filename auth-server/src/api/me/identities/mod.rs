//! `/api/v1/me/identities`, one operation per file.

pub(crate) mod link;
pub(crate) mod list;
pub(crate) mod unlink;

use std::sync::Arc;

use crate::api::AppState;

pub(crate) type IdentitiesApi = (list::List, link::LinkIdentity, unlink::Unlink);

/// The operations, on this state.
#[must_use]
pub(crate) fn api(state: &Arc<AppState>) -> IdentitiesApi {
    (
        list::List(Arc::clone(state)),
        link::LinkIdentity(Arc::clone(state)),
        unlink::Unlink(Arc::clone(state)),
    )
}
