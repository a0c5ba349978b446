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
use crate::db::DATABASE_WRITE;
use crate::http::problem::Problem;
use crate::http::request_errors::PATH_ID;
use crate::http::{Reply, canonical};
use crate::idempotency::{IDEMPOTENCY, IdempotencyKey};
use crate::policy::policy_problem;
use crate::policy::write::{Begun, PolicyWrite};
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
    pub(crate) enum GrantError includes [SIGNED_IN, AUTHORIZATION, PATH_ID, ROLE_GRANT, IDEMPOTENCY, DATABASE_WRITE]
    {
        UserNotFound = 404 "user_not_found" "User not found.",
        RoleNotFound = 404 "role_not_found" "Role not found.",
    }
}

problems! {
    /// Problems of revoking a role.
    pub(crate) enum RevokeError includes [
        SIGNED_IN, AUTHORIZATION, PATH_ID, ROLE_GRANT, LAST_SUPERUSER, IDEMPOTENCY, DATABASE_WRITE,
        GrantError::SPECS
    ] {}
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
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
        role: Path<String>,
    ) -> Result<Reply<PolicyWriteResult>, GrantError> {
        let role = named(&role.0)?;
        let mut write = match self.0.begin_admin_write(&caller, &key).await? {
            Begun::Write(write) => write,
            Begun::Made(earlier) => return Ok(Reply(earlier.into())),
        };
        check(&mut write, &caller, id.0, &role).await?;
        let at = write.at();
        if !grants::grant(write.db(), id.0, &role, Some(caller.user), at).await? {
            return Ok(Reply(PolicyWriteResult { revision: write.commit_nothing().await? }));
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
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
        role: Path<String>,
    ) -> Result<Reply<PolicyWriteResult>, RevokeError> {
        let role = named(&role.0)?;
        let mut write = match self.0.begin_admin_write(&caller, &key).await? {
            Begun::Write(write) => write,
            Begun::Made(earlier) => return Ok(Reply(earlier.into())),
        };
        check(&mut write, &caller, id.0, &role).await?;
        if !grants::revoke(write.db(), id.0, &role).await? {
            return Ok(Reply(PolicyWriteResult { revision: write.commit_nothing().await? }));
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

/// The role in the path; the built-in role of guests is granted to nobody.
fn named(role: &str) -> Result<RoleName, Problem> {
    let role = RoleName::parse(role).map_err(|_| GrantError::RoleNotFound)?;
    if role == RoleName::anonymous() {
        return Err(policy_problem(PolicyError::AnonymousGrant));
    }
    Ok(role)
}

/// What granting and revoking a role have in common.
async fn check(
    write: &mut PolicyWrite<'_>,
    caller: &AuthorizedAdmin,
    user: Uuid,
    role: &RoleName,
) -> Result<(), Problem> {
    if !write.base().has_role(role) {
        return Err(GrantError::RoleNotFound.into());
    }
    caller.authorize_role_grant(write.base(), role)?;
    if !store::exists(write.db(), user).await? {
        return Err(GrantError::UserNotFound.into());
    }
    Ok(())
}
