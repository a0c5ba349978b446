//! `DELETE /api/v1/users/{id}/sessions`

use std::sync::Arc;

use poem_openapi::OpenApi;
use uuid::Uuid;

use super::WriteError;
use crate::api::AppState;
use crate::audit::AuditRecord;
use crate::authn::authorized_admin::AuthorizedAdmin;
use crate::http::{NoContent, canonical};

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
        id: canonical::Path<Uuid>,
        caller: AuthorizedAdmin,
    ) -> Result<NoContent, WriteError> {
        let (mut write, user) = self.0.begin_user_change(&caller, id.0).await?;
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
