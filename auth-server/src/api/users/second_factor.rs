//! `DELETE /api/v1/users/{id}/second-factor`

use std::sync::Arc;

use poem_openapi::OpenApi;
use uuid::Uuid;

use super::WriteError;
use crate::account_admin;
use crate::api::AppState;
use crate::authn::authorized_admin::AuthorizedAdmin;
use crate::http::{NoContent, canonical};

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
        id: canonical::Path<Uuid>,
        caller: AuthorizedAdmin,
    ) -> Result<NoContent, WriteError> {
        let (write, user) = self.0.begin_user_change(&caller, id.0).await?;
        let period = self.0.sessions.revocation_period();
        let revocation =
            account_admin::reset_second_factor(write, &user, caller.actor(), period).await?;
        self.0.authenticator.revoke(revocation.as_slice());
        Ok(NoContent)
    }
}
