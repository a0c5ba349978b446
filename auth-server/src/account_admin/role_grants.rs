//! Granting and revoking roles. Whether the author of the change may do so was checked before.

use policies::{PolicyError, RoleName};
use uuid::Uuid;

use crate::audit::{Actor, AuditRecord};
use crate::http::problem::Problem;
use crate::policy::write::PolicyWrite;
use crate::policy::{UserRoles, grants, policy_problem};

/// Grants a role to a user. Nothing if the user has it already.
///
/// # Errors
/// The role is the built-in one of guests, or does not exist, among others.
pub(crate) async fn grant(
    write: &mut PolicyWrite<'_>,
    user: Uuid,
    role: &RoleName,
    by: Actor,
) -> Result<Option<AuditRecord>, Problem> {
    check(write, role)?;
    let at = write.at();
    if !grants::grant(write.db(), user, role, by.user(), at).await? {
        return Ok(None);
    }
    let roles = grants::of_user(write.db(), user).await?.roles;
    let record = AuditRecord::grant_role(by, user, role, &roles);
    write.record_user_roles(UserRoles { user, roles });
    Ok(Some(record))
}

/// Revokes a role from a user. Nothing if the user does not have it.
///
/// # Errors
/// The user is the last superuser, among others.
pub(crate) async fn revoke(
    write: &mut PolicyWrite<'_>,
    user: Uuid,
    role: &RoleName,
    by: Actor,
) -> Result<Option<AuditRecord>, Problem> {
    check(write, role)?;
    if !grants::revoke(write.db(), user, role).await? {
        return Ok(None);
    }
    if *role == RoleName::superuser() {
        grants::refuse_last_superuser(write.db()).await?;
    }
    let roles = grants::of_user(write.db(), user).await?.roles;
    let record = AuditRecord::revoke_role(by, user, role, &roles);
    write.record_user_roles(UserRoles { user, roles });
    Ok(Some(record))
}

fn check(write: &PolicyWrite<'_>, role: &RoleName) -> Result<(), Problem> {
    if *role == RoleName::anonymous() {
        return Err(policy_problem(PolicyError::AnonymousGrant));
    }
    if !write.base().has_role(role) {
        return Err(policy_problem(PolicyError::UnknownRole(role.clone())));
    }
    Ok(())
}
