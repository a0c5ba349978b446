//! `POST /api/v1/users/{id}/disable` and `POST /api/v1/users/{id}/enable`

use std::sync::Arc;

use poem_openapi::OpenApi;
use uuid::Uuid;

use super::{ReadError, WriteError};
use crate::account_admin;
use crate::api::AppState;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE_WRITE;
use crate::http::request_errors::PATH_ID;
use crate::http::{NoContent, canonical};
use crate::idempotency::{IDEMPOTENCY, IdempotencyKey};
use crate::policy::{LAST_SUPERUSER, SUPERUSER_ONLY};
use crate::problems;

problems! {
    /// Problems of disabling an account.
    pub(crate) enum DisableError includes [
        SIGNED_IN, AUTHORIZATION, PATH_ID, SUPERUSER_ONLY, LAST_SUPERUSER, ReadError::SPECS,
        IDEMPOTENCY, DATABASE_WRITE
    ] {}
}

/// `disable_user`, `enable_user`
pub(crate) struct DisableApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/users", tag = "crate::http::tags::Tag::Users")]
impl DisableApi {
    /// Disable an account.
    ///
    /// Nobody can log in to it, and its tokens are refused from the next request on. If it is
    /// already disabled, nothing happens.
    #[oai(path = "/:id/disable", method = "post", operation_id = "disable_user")]
    async fn disable(
        &self,
        /// Id of the user.
        id: canonical::Path<Uuid>,
        caller: AuthorizedAdmin,
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
    ) -> Result<NoContent, DisableError> {
        let Some((write, user)) = self.0.begin_user_change(&caller, &key, id.0).await? else {
            return Ok(NoContent);
        };
        let period = self.0.sessions.revocation_period();
        let revocation = account_admin::disable(write, &user, caller.actor(), period).await?;
        self.0.authenticator.revoke(revocation.as_slice());
        Ok(NoContent)
    }

    /// Enable a disabled account.
    ///
    /// Sessions from before stay ended.
    #[oai(path = "/:id/enable", method = "post", operation_id = "enable_user")]
    async fn enable(
        &self,
        /// Id of the user.
        id: canonical::Path<Uuid>,
        caller: AuthorizedAdmin,
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
    ) -> Result<NoContent, WriteError> {
        let Some((write, user)) = self.0.begin_user_change(&caller, &key, id.0).await? else {
            return Ok(NoContent);
        };
        account_admin::enable(write, &user, caller.actor()).await?;
        Ok(NoContent)
    }
}
