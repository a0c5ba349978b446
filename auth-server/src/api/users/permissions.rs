//! `GET /api/v1/users/{id}/permissions`

use std::sync::Arc;

use poem_openapi::OpenApi;
use uuid::Uuid;

use super::ReadError;
use crate::api::AppState;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE;
use crate::http::problem::Problem;
use crate::http::request_errors::PATH_ID;
use crate::http::{WrittenReply, canonical};
use crate::policy::permissions::{Permissions, permissions};
use crate::policy::{EVALUATION, policy_problem};
use crate::problems;
use crate::user::view;

problems! {
    /// Problems of reading a user's permissions.
    pub(crate) enum UserPermissionsError includes
        [SIGNED_IN, AUTHORIZATION, PATH_ID, EVALUATION, DATABASE, ReadError::SPECS]
    {}
}

/// `get_user_permissions`
pub(crate) struct UserPermissionsApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/users", tag = "crate::http::tags::Tag::Users")]
impl UserPermissionsApi {
    /// Get what a user's roles permit on films, by label and action.
    #[oai(path = "/:id/permissions", method = "get", operation_id = "get_user_permissions")]
    async fn get(
        &self,
        /// Id of the user.
        id: canonical::Path<Uuid>,
        _caller: AuthorizedAdmin,
    ) -> Result<WrittenReply<Permissions>, UserPermissionsError> {
        let AppState { pool, policy, offload, .. } = &*self.0;
        let user =
            view::find(pool, id.0).await?.ok_or(ReadError::NotFound).map_err(Problem::from)?;
        let (policy, roles) = (policy.snapshot_full(), user.role_names()?);
        let list = move || {
            let permissions = permissions(&policy, &roles, true).map_err(policy_problem)?;
            WrittenReply::write(&permissions)
        };
        Ok(offload.admit()?.run(list).await??)
    }
}
