//! `GET /api/v1/users/{id}/permissions`

use std::sync::Arc;

use poem_openapi::OpenApi;
use uuid::Uuid;

use super::ReadError;
use crate::api::AppState;
use crate::authn::authorized_admin::AuthorizedAdmin;
use crate::http::{Reply, canonical};
use crate::policy::permissions::{Permissions, permissions};
use crate::user::view;

/// `get_user_permissions`
pub(crate) struct UserPermissionsApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/users", tag = "crate::http::tags::Tag::Users")]
impl UserPermissionsApi {
    /// Get the rules that apply to a user's roles.
    #[oai(path = "/:id/permissions", method = "get", operation_id = "get_user_permissions")]
    async fn get(
        &self,
        id: canonical::Path<Uuid>,
        _caller: AuthorizedAdmin,
    ) -> Result<Reply<Permissions>, ReadError> {
        let user = view::find(&self.0.pool, id.0).await?.ok_or(ReadError::NotFound)?;
        Ok(Reply(permissions(&self.0.policy.snapshot(), &user.role_names()?, true)))
    }
}
