//! `/api/v1/users/{id}/roles`

use std::sync::Arc;

use poem_openapi::param::Path;
use poem_openapi::{Object, OpenApi};
use policies::{PolicyError, RoleName};
use serde::Serialize;
use uuid::Uuid;

use super::ReadError;
use crate::api::AppState;
use crate::api::policy_write::PolicyWriteResult;
use crate::audit::AuditRecord;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE;
use crate::http::problem::Problem;
use crate::http::request_errors::PATH_ID;
use crate::http::{Reply, canonical};
use crate::policy::policy_problem;
use crate::policy::write::PolicyWrite;
use crate::policy::{LAST_SUPERUSER, ROLE_GRANT, UserRoles, grants};
use crate::problems;
use crate::user::{store, view};

/// Roles of a user.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct GrantedRoles {
    /// Names, sorted, without inherited roles.
    items: Vec<String>,
    /// Always `null`: there is one page.
    next: Option<String>,
}

problems! {
    /// Problems of granting a role.
    pub(crate) enum GrantError includes [SIGNED_IN, AUTHORIZATION, PATH_ID, ROLE_GRANT, DATABASE]
    {
        UserNotFound = 404 "user_not_found" "User not found.",
        RoleNotFound = 404 "role_not_found" "Role not found.",
    }
}

problems! {
    /// Problems of revoking a role.
    pub(crate) enum RevokeError includes [
        SIGNED_IN, AUTHORIZATION, PATH_ID, ROLE_GRANT, LAST_SUPERUSER, DATABASE,
        GrantError::SPECS
    ] {}
}

/// A write that grants or revokes a role, once the caller is authorized to make it.
struct RoleWrite<'a> {
    write: PolicyWrite<'a>,
    role: RoleName,
}

/// `list_user_roles`, `grant_role`, `revoke_role`
pub(crate) struct UserRolesApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/users", tag = "crate::http::tags::Tag::Users")]
impl UserRolesApi {
    /// List the roles granted to a user.
    #[oai(path = "/:id/roles", method = "get", operation_id = "list_user_roles")]
    async fn list(
        &self,
        id: canonical::Path<Uuid>,
        _caller: AuthorizedAdmin,
    ) -> Result<Reply<GrantedRoles>, ReadError> {
        let user = view::find(&self.0.pool, id.0).await?.ok_or(ReadError::NotFound)?;
        Ok(Reply(GrantedRoles { items: user.roles, next: None }))
    }

    /// Grant a role to a user.
    ///
    /// It applies at once, also to tokens issued before.
    #[oai(path = "/:id/roles/:role", method = "put", operation_id = "grant_role")]
    async fn grant(
        &self,
        id: canonical::Path<Uuid>,
        caller: AuthorizedAdmin,
        role: Path<String>,
    ) -> Result<Reply<PolicyWriteResult>, GrantError> {
        let RoleWrite { mut write, role } = self.begin(&caller, id.0, &role.0).await?;
        let at = write.at();
        if !grants::grant(write.db(), id.0, &role, Some(caller.user), at).await? {
            return Ok(Reply(PolicyWriteResult { revision: write.base().revision() }));
        }
        let roles = grants::of_user(write.db(), id.0).await?.roles;
        let record = AuditRecord::grant_role(caller.actor(), id.0, &role, &roles);
        write.record_user_roles(UserRoles { user: id.0, roles });
        Ok(Reply(PolicyWriteResult { revision: write.commit(record).await? }))
    }

    /// Revoke a role from a user.
    ///
    /// It applies at once, also to tokens issued before.
    #[oai(path = "/:id/roles/:role", method = "delete", operation_id = "revoke_role")]
    async fn revoke(
        &self,
        id: canonical::Path<Uuid>,
        caller: AuthorizedAdmin,
        role: Path<String>,
    ) -> Result<Reply<PolicyWriteResult>, RevokeError> {
        let RoleWrite { mut write, role } = self.begin(&caller, id.0, &role.0).await?;
        if !grants::revoke(write.db(), id.0, &role).await? {
            return Ok(Reply(PolicyWriteResult { revision: write.base().revision() }));
        }
        if role == RoleName::superuser() {
            grants::refuse_last_superuser(write.db()).await?;
        }
        let roles = grants::of_user(write.db(), id.0).await?.roles;
        let record = AuditRecord::revoke_role(caller.actor(), id.0, &role, &roles);
        write.record_user_roles(UserRoles { user: id.0, roles });
        Ok(Reply(PolicyWriteResult { revision: write.commit(record).await? }))
    }
}

impl UserRolesApi {
    /// Begins a write, and checks what granting and revoking have in common.
    async fn begin(
        &self,
        caller: &AuthorizedAdmin,
        id: Uuid,
        role: &str,
    ) -> Result<RoleWrite<'_>, Problem> {
        let role = RoleName::parse(role).map_err(|_| GrantError::RoleNotFound)?;
        if role == RoleName::anonymous() {
            let builtin = PolicyError::AnonymousGrant;
            return Err(policy_problem(builtin));
        }
        let mut write = self.0.begin_policy_write().await?;
        if !write.base().has_role(&role) {
            return Err(GrantError::RoleNotFound.into());
        }
        caller.authorize_role_grant(write.base(), &role)?;
        if !store::exists(write.db(), id).await? {
            return Err(GrantError::UserNotFound.into());
        }
        Ok(RoleWrite { write, role })
    }
}
