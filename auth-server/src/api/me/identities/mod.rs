//! `/api/v1/me/identities`, one operation per file.

pub(crate) mod link;
pub(crate) mod list;
pub(crate) mod unlink;

use std::sync::Arc;

use crate::api::AppState;

/// The operations.
pub(crate) type IdentitiesApi = (list::List, link::LinkOne, unlink::Unlink);

/// The operations, working on these accounts.
#[must_use]
pub(crate) fn api(state: &Arc<AppState>) -> IdentitiesApi {
    (
        list::List(Arc::clone(state)),
        link::LinkOne(Arc::clone(state)),
        unlink::Unlink(Arc::clone(state)),
    )
}
