//! Granting and revoking roles, as single operations and lists of changes do it.

use policies::{PolicyError, RoleName};
use uuid::Uuid;

use super::role::existing;
use crate::account_admin::role_grants;
use crate::audit::AuditRecord;
use crate::authn::authorized_admin::AuthorizedAdmin;
use crate::http::problem::Problem;
use crate::policy::write::PolicyWrite;
use crate::policy::{ROLE_NOT_FOUND, policy_problem};
use crate::user::{USER_NOT_FOUND, store};

/// The role of this name; the built-in role of guests is granted to nobody.
pub(crate) fn grantable(role: &str) -> Result<RoleName, Problem> {
    let role = existing(role)?;
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
    role_grants::grant(write, user, role, caller.actor()).await
}

/// Revokes a role from a user. Nothing if the user does not have it.
pub(crate) async fn revoke(
    write: &mut PolicyWrite<'_>,
    caller: &AuthorizedAdmin,
    user: Uuid,
    role: &RoleName,
) -> Result<Option<AuditRecord>, Problem> {
    check(write, caller, user, role).await?;
    role_grants::revoke(write, user, role, caller.actor()).await
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
