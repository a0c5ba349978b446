//! Changes of roles, as single operations and lists of changes make them.

use poem_openapi::Object;
use policies::RoleName;
use serde::Deserialize;

use crate::api::policy_write::{self, role_name, role_names};
use crate::audit::{AuditRecord, Written};
use crate::authn::authorized_admin::AuthorizedAdmin;
use crate::http::precondition::check;
use crate::http::problem::Problem;
use crate::policy::ROLE_NOT_FOUND;
use crate::policy::role_changes::{self, RoleSettings, refuse_builtin};
use crate::policy::roles::{self, StoredRole};
use crate::policy::write::PolicyWrite;

/// A new role.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRole {
    /// Name: 1–64 characters of a-z 0-9 _ . -
    name: String,
    /// What the role is for, one line of up to 1,000 characters.
    description: Option<String>,
    /// Names of the roles that it inherits directly.
    inherits: Option<Vec<String>>,
}

/// Changes to a role; omitted fields stay as they are.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleChanges {
    /// What the role is for, one line of up to 1,000 characters.
    description: Option<String>,
    /// Names of the roles that it inherits directly; replaces the current list.
    inherits: Option<Vec<String>>,
}

impl NewRole {
    pub(crate) fn parse(self) -> Result<(RoleName, RoleSettings), Problem> {
        let Self { name, description, inherits } = self;
        let name = role_name("name", &name)?;
        Ok((name, RoleChanges { description, inherits }.parse()?))
    }
}

impl RoleChanges {
    pub(crate) fn parse(self) -> Result<RoleSettings, Problem> {
        let Self { description, inherits } = self;
        let description = description.as_deref().map(policy_write::description).transpose()?;
        let inherits = inherits.map(|names| role_names("inherits", &names)).transpose()?;
        Ok(RoleSettings { description, inherits })
    }
}

/// Adds a role.
pub(crate) async fn create(
    write: &mut PolicyWrite<'_>,
    caller: &AuthorizedAdmin,
    name: RoleName,
    settings: RoleSettings,
) -> Result<Written<StoredRole>, Problem> {
    for role in settings.inherits.iter().flatten() {
        caller.authorize_role_grant(write.base(), role)?;
    }
    role_changes::create(write, caller.actor(), name, settings).await
}

/// Updates the description of a role, or what it inherits.
pub(crate) async fn update(
    write: &mut PolicyWrite<'_>,
    caller: &AuthorizedAdmin,
    name: RoleName,
    if_match: Option<&str>,
    settings: RoleSettings,
) -> Result<Written<StoredRole>, Problem> {
    let role = find(write, &name).await?;
    refuse_builtin(&name)?;
    check(if_match, role.revision)?;
    if let Some(inherits) = &settings.inherits {
        for role in std::iter::once(&name).chain(inherits) {
            caller.authorize_role_grant(write.base(), role)?;
        }
    }
    role_changes::update(write, caller.actor(), name, role, settings).await
}

/// Deletes a role and revokes it from all users.
pub(crate) async fn delete(
    write: &mut PolicyWrite<'_>,
    caller: &AuthorizedAdmin,
    name: RoleName,
    if_match: Option<&str>,
) -> Result<AuditRecord, Problem> {
    let role = find(write, &name).await?;
    check(if_match, role.revision)?;
    caller.authorize_role_grant(write.base(), &name)?;
    role_changes::delete(write, caller.actor(), name, &role).await
}

/// The role of this name. No role has a name that is invalid.
pub(crate) fn existing(name: &str) -> Result<RoleName, Problem> {
    RoleName::parse(name).map_err(|_| Problem::new(ROLE_NOT_FOUND))
}

async fn find(write: &mut PolicyWrite<'_>, name: &RoleName) -> Result<StoredRole, Problem> {
    let role = roles::find(write.db(), name).await?;
    role.ok_or_else(|| Problem::new(ROLE_NOT_FOUND))
}
