//! `/api/v1/users`

pub(crate) mod account;
pub(crate) mod history;
pub(crate) mod roles;

use std::sync::Arc;

use super::AppState;

/// The operations.
pub(crate) type UsersApi = (roles::UsersApi, account::AccountsApi, history::UserHistoryApi);

/// The operations on this state.
pub(crate) fn api(state: &Arc<AppState>) -> UsersApi {
    (
        roles::UsersApi(Arc::clone(state)),
        account::AccountsApi(Arc::clone(state)),
        history::UserHistoryApi(Arc::clone(state)),
    )
}
