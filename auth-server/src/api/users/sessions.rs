//! `DELETE /api/v1/users/{id}/sessions`

use std::sync::Arc;

use poem_openapi::OpenApi;
use uuid::Uuid;

use super::WriteError;
use crate::api::AppState;
use crate::audit::AuditRecord;
use crate::authn::authorized_admin::AuthorizedAdmin;
use crate::http::{NoContent, canonical};
use crate::idempotency::IdempotencyKey;

/// `revoke_user_sessions`
pub(crate) struct UserSessionsApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/users", tag = "crate::http::tags::Tag::Users")]
impl UserSessionsApi {
    /// End all sessions of a user.
    ///
    /// Their tokens are refused from the next request on.
    #[oai(path = "/:id/sessions", method = "delete", operation_id = "revoke_user_sessions")]
    async fn revoke(
        &self,
        /// Id of the user.
        id: canonical::Path<Uuid>,
        caller: AuthorizedAdmin,
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
    ) -> Result<NoContent, WriteError> {
        let Some((mut write, user)) = self.0.begin_user_change(&caller, &key, id.0).await? else {
            return Ok(NoContent);
        };
        let AppState { sessions, authenticator, .. } = &*self.0;
        let revocation = sessions.end_all(write.db(), user.id, "ended_by_admin").await?;
        let target = format!("user:{}", user.id);
        write
            .commit_without_revision(AuditRecord::new(
                caller.actor(),
                "revoke_user_sessions",
                target,
            ))
            .await?;
        authenticator.revoke(revocation.as_slice());
        Ok(NoContent)
    }
}
