//! `/api/v1/users`: what admins see of users and do to them, and which users service clients must forget.

pub(crate) mod deleted;
pub(crate) mod disable;
pub(crate) mod history;
pub(crate) mod permissions;
pub(crate) mod roles;
pub(crate) mod search;
pub(crate) mod second_factor;
pub(crate) mod sessions;

use std::sync::Arc;

use poem_openapi::OpenApi;
use uuid::Uuid;

use super::AppState;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::{DATABASE, DATABASE_WRITE};
use crate::http::problem::Problem;
use crate::http::request_errors::PATH_ID;
use crate::idempotency::{IDEMPOTENCY, IdempotencyKey};
use crate::policy::SUPERUSER_ONLY;
use crate::policy::write::{Begun, PolicyWrite};
use crate::problems;
use crate::user::{UserView, view};

problems! {
    /// Problems of reading a user.
    pub(crate) enum ReadError includes [SIGNED_IN, AUTHORIZATION, PATH_ID, DATABASE] {
        NotFound = 404 "user_not_found" "User not found.",
    }
}

problems! {
    /// Problems of changing a user's account.
    pub(crate) enum WriteError includes
        [SIGNED_IN, AUTHORIZATION, PATH_ID, SUPERUSER_ONLY, IDEMPOTENCY, DATABASE_WRITE, ReadError::SPECS]
    {}
}

/// The operations on this state.
pub(crate) fn api(state: &Arc<AppState>) -> impl OpenApi + use<> {
    (
        search::SearchApi(Arc::clone(state)),
        deleted::DeletedApi(Arc::clone(state)),
        roles::UserRolesApi(Arc::clone(state)),
        permissions::UserPermissionsApi(Arc::clone(state)),
        disable::DisableApi(Arc::clone(state)),
        sessions::UserSessionsApi(Arc::clone(state)),
        second_factor::UserSecondFactorApi(Arc::clone(state)),
        history::UserHistoryApi(Arc::clone(state)),
    )
}

impl AppState {
    /// Begins a change of a user's account, which only a superuser may make to an admin. Holds the
    /// policy write lock, so that nobody becomes or ceases to be a superuser meanwhile. `None` if the change
    /// was made before under this key.
    async fn begin_user_change(
        &self,
        caller: &AuthorizedAdmin,
        key: &IdempotencyKey,
        id: Uuid,
    ) -> Result<Option<(PolicyWrite<'_>, UserView)>, Problem> {
        let Begun::Write(mut write) = self.begin_admin_write(caller, key).await? else {
            return Ok(None);
        };
        let user = view::find(write.db(), id).await?.ok_or(ReadError::NotFound)?;
        caller.authorize_user_change(write.base(), &user.role_names()?)?;
        Ok(Some((write, user)))
    }
}
