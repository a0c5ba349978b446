//! `GET /api/v1/me/permissions`

use std::sync::Arc;

use poem_openapi::OpenApi;

use crate::api::AppState;
use crate::authn::{SIGNED_IN, SignedIn};
use crate::http::Reply;
use crate::policy::permissions::{Permissions, permissions};
use crate::problems;

problems! {
    /// Problems of reading one's own permissions.
    pub(crate) enum PermissionsError includes [SIGNED_IN] {}
}

/// `get_my_permissions`
pub(crate) struct MyPermissionsApi(pub Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl MyPermissionsApi {
    /// Get the rules that apply to your roles.
    #[expect(clippy::unused_async, reason = "poem-openapi expects operations to be async")]
    #[oai(path = "/permissions", method = "get", operation_id = "get_my_permissions")]
    async fn get(
        &self,
        SignedIn(caller): SignedIn,
    ) -> Result<Reply<Permissions>, PermissionsError> {
        let roles = self.0.policy.roles(caller.user, &caller.roles);
        Ok(Reply(permissions(&self.0.policy.snapshot(), &roles)))
    }
}
