//! Granting and revoking roles, as single operations and lists of changes do it.

use policies::{PolicyError, RoleName};
use uuid::Uuid;

use crate::audit::AuditRecord;
use crate::authn::authorized_admin::AuthorizedAdmin;
use crate::http::problem::Problem;
use crate::policy::write::PolicyWrite;
use crate::policy::{ROLE_NOT_FOUND, UserRoles, grants, policy_problem};
use crate::user::{USER_NOT_FOUND, store};

/// The role of this name; the built-in role of guests is granted to nobody.
pub(crate) fn grantable(role: &str) -> Result<RoleName, Problem> {
    let role = RoleName::parse(role).map_err(|_| Problem::new(ROLE_NOT_FOUND))?;
    if role == RoleName::anonymous() {
        return Err(policy_problem(PolicyError::AnonymousGrant));
    }
    Ok(role)
}

/// Grants a role to a user. Nothing if the user has it already.
pub(crate) async fn grant(
    write: &mut PolicyWrite<'_>,
    caller: &AuthorizedAdmin,
    user: Uuid,
    role: &RoleName,
) -> Result<Option<AuditRecord>, Problem> {
    check(write, caller, user, role).await?;
    let at = write.at();
    if !grants::grant(write.db(), user, role, Some(caller.user), at).await? {
        return Ok(None);
    }
    let roles = grants::of_user(write.db(), user).await?.roles;
    let record = AuditRecord::grant_role(caller.actor(), user, role, &roles);
    write.record_user_roles(UserRoles { user, roles });
    Ok(Some(record))
}

/// Revokes a role from a user. Nothing if the user does not have it.
pub(crate) async fn revoke(
    write: &mut PolicyWrite<'_>,
    caller: &AuthorizedAdmin,
    user: Uuid,
    role: &RoleName,
) -> Result<Option<AuditRecord>, Problem> {
    check(write, caller, user, role).await?;
    if !grants::revoke(write.db(), user, role).await? {
        return Ok(None);
    }
    if *role == RoleName::superuser() {
        grants::refuse_last_superuser(write.db()).await?;
    }
    let roles = grants::of_user(write.db(), user).await?.roles;
    let record = AuditRecord::revoke_role(caller.actor(), user, role, &roles);
    write.record_user_roles(UserRoles { user, roles });
    Ok(Some(record))
}

/// What granting and revoking a role have in common.
async fn check(
    write: &mut PolicyWrite<'_>,
    caller: &AuthorizedAdmin,
    user: Uuid,
    role: &RoleName,
) -> Result<(), Problem> {
    if !write.base().has_role(role) {
        return Err(Problem::new(ROLE_NOT_FOUND));
    }
    caller.authorize_role_grant(write.base(), role)?;
    if !store::exists(write.db(), user).await? {
        return Err(Problem::new(USER_NOT_FOUND));
    }
    Ok(())
}
