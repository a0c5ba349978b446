//! `DELETE /api/v1/users/{id}/second-factor`

use std::sync::Arc;

use poem_openapi::OpenApi;
use uuid::Uuid;

use super::WriteError;
use crate::account_admin;
use crate::api::AppState;
use crate::authn::authorized_admin::AuthorizedAdmin;
use crate::http::{NoContent, canonical};
use crate::idempotency::IdempotencyKey;

/// `reset_user_second_factor`
pub(crate) struct UserSecondFactorApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/users", tag = "crate::http::tags::Tag::Users")]
impl UserSecondFactorApi {
    /// Remove the second factor of a user who lost app and recovery codes.
    ///
    /// All of the user's sessions end. If there is no second factor, nothing happens.
    #[oai(
        path = "/:id/second-factor",
        method = "delete",
        operation_id = "reset_user_second_factor"
    )]
    async fn reset(
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
        let period = self.0.sessions.revocation_period();
        let revocation =
            account_admin::reset_second_factor(write, &user, caller.actor(), period).await?;
        self.0.authenticator.revoke(revocation.as_slice());
        Ok(NoContent)
    }
}
