//! `DELETE /api/v1/roles/{name}`

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path};
use policies::{Change, RoleName};
use serde::Serialize;
use uuid::Uuid;

use super::fields as steps;
use crate::api::AppState;
use crate::api::policy_write::PolicyWriteResult;
use crate::audit::Record;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE;
use crate::http::Reply;
use crate::http::precondition::{PRECONDITION, check};
use crate::http::request_errors::PARAMETERS;
use crate::policy::roles as store;
use crate::policy::roles::Role;
use crate::policy::{ROLE_DELETION, UserRoles, grants};
use crate::problems;

/// A role as the audit trail keeps it.
#[derive(Serialize)]
struct DeletedRole<'a> {
    #[serde(flatten)]
    role: &'a Role,
    /// Whoever had it.
    holders: &'a [Uuid],
}

problems! {
    /// What can go wrong with deleting a role.
    pub(crate) enum DeleteError includes
        [SIGNED_IN, AUTHORIZATION, PARAMETERS, ROLE_DELETION, PRECONDITION, DATABASE]
    {
        NotFound = 404 "role_not_found" "Role not found.",
    }
}

/// The operation.
pub(crate) struct Delete(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/roles", tag = "crate::http::tags::Tag::Roles")]
impl Delete {
    /// Delete a role that no rule and no other role names. Whoever has it loses it.
    #[oai(path = "/:name", method = "delete", operation_id = "delete_role")]
    async fn delete(
        &self,
        caller: AuthorizedAdmin,
        name: Path<String>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
    ) -> Result<Reply<PolicyWriteResult>, DeleteError> {
        let name = RoleName::parse(&name.0).map_err(|_| DeleteError::NotFound)?;
        let mut write = self.0.begin_policy_write().await?;
        let role = store::find(write.db(), &name).await?;
        let role = role.ok_or(DeleteError::NotFound)?;
        check(if_match.0.as_deref(), role.revision)?;
        caller.authorize_role_grant(write.base(), &name)?;
        steps::refuse_in_use(write.base(), &name)?;
        // A token that carries the name may live until then.
        let reserved_until = write.at() + self.0.policy.max_token_age();
        let holders = store::delete(write.db(), &name, reserved_until).await?;
        let record = Record::new(caller.actor(), "delete_role", format!("role:{name}"))
            .before(DeletedRole { role: &role, holders: &holders });
        for user in holders {
            let roles = grants::of_user(write.db(), user).await?.roles;
            write.record_user_roles(UserRoles { user, roles });
        }
        write.change(Change::RoleRemoved { name });
        Ok(Reply(PolicyWriteResult { revision: write.commit(record).await? }))
    }
}
