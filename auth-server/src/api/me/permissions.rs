//! `GET /api/v1/me/permissions`

use std::sync::Arc;

use poem_openapi::OpenApi;

use crate::api::AppState;
use crate::authn::{SIGNED_IN, SignedIn};
use crate::http::Reply;
use crate::policy::permissions::{Permissions, permissions};
use crate::problems;

problems! {
    /// What can go wrong with reading one's own permissions.
    pub(crate) enum PermissionsError includes [SIGNED_IN] {}
}

/// The operation.
pub(crate) struct PermissionsApi(pub Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl PermissionsApi {
    /// What one's own roles come to.
    #[expect(clippy::unused_async, reason = "an operation is async, whether it waits or not")]
    #[oai(path = "/permissions", method = "get", operation_id = "my_permissions")]
    async fn read(
        &self,
        SignedIn(caller): SignedIn,
    ) -> Result<Reply<Permissions>, PermissionsError> {
        let roles = self.0.policy.roles(caller.user, &caller.roles);
        Ok(Reply(permissions(&self.0.policy.snapshot(), &roles)))
    }
}
