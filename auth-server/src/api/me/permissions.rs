//! `GET /api/v1/me/permissions`

use std::sync::Arc;

use poem_openapi::OpenApi;

use crate::api::AppState;
use crate::authn::{SIGNED_IN, SignedIn};
use crate::http::WrittenReply;
use crate::policy::permissions::{Permissions, permissions};
use crate::policy::{EVALUATION, policy_problem};
use crate::problems;

problems! {
    /// Problems of reading one's own permissions.
    pub(crate) enum PermissionsError includes [SIGNED_IN, EVALUATION] {}
}

/// `get_my_permissions`
pub(crate) struct MyPermissionsApi(pub Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl MyPermissionsApi {
    /// Get what your roles permit on films, by label and action.
    #[oai(path = "/permissions", method = "get", operation_id = "get_my_permissions")]
    async fn get(
        &self,
        SignedIn(caller): SignedIn,
    ) -> Result<WrittenReply<Permissions>, PermissionsError> {
        let roles = self.0.policy.roles(caller.user, &caller.roles);
        let policy = self.0.policy.snapshot_full();
        let effective = self.0.policy.effective_roles(&policy, caller.user, &caller.roles)?;
        let with_names = effective.may_read_rules || !self.0.filter.is_for_clients_only();
        // A large policy has a hundred thousand rules.
        let list = move || {
            let permissions = permissions(&policy, &roles, with_names).map_err(policy_problem)?;
            WrittenReply::write(&permissions)
        };
        Ok(self.0.offload.admit()?.run(list).await??)
    }
}
