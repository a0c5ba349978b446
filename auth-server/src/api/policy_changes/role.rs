//! Changes of roles, as single operations and lists of changes make them.

use poem_openapi::Object;
use policies::{Change, PolicyError, RoleName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Written;
use crate::api::policy_write::{role_name, role_names};
use crate::audit::AuditRecord;
use crate::authn::authorized_admin::AuthorizedAdmin;
use crate::db::constraint;
use crate::http::precondition::check;
use crate::http::problem::Problem;
use crate::http::request_errors::FIELD;
use crate::policy::roles::{self, StoredRole};
use crate::policy::write::PolicyWrite;
use crate::policy::{ROLE_EXISTS, ROLE_NOT_FOUND, UserRoles, grants, policy_problem};

/// Maximum length of a description, in characters.
const MAX_DESCRIPTION: usize = 1_000;

/// A new role.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRole {
    /// Name: 1–64 characters of a-z 0-9 _ . -
    name: String,
    /// Description for admins, up to 1,000 characters.
    description: Option<String>,
    /// Names of the roles that it inherits directly.
    inherits: Option<Vec<String>>,
}

/// Changes to a role; omitted fields stay as they are.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleChanges {
    /// Description for admins, up to 1,000 characters.
    description: Option<String>,
    /// Names of the roles that it inherits directly; replaces the current list.
    inherits: Option<Vec<String>>,
}

/// What a role is to be.
pub(crate) struct RoleSettings {
    description: Option<String>,
    inherits: Option<Vec<RoleName>>,
}

/// A deleted role in the audit trail.
#[derive(Serialize)]
struct DeletedRole<'a> {
    #[serde(flatten)]
    role: &'a StoredRole,
    /// Users who had the role.
    holders: &'a [Uuid],
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
        if description.as_ref().is_some_and(|text| text.chars().count() > MAX_DESCRIPTION) {
            let problem = Problem::new(FIELD).field("description");
            return Err(problem.detail("A description has at most 1,000 characters."));
        }
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
    let description = settings.description.unwrap_or_default();
    let mut inherits = settings.inherits.unwrap_or_default();
    for role in &inherits {
        caller.authorize_role_grant(write.base(), role)?;
    }
    let (at, revision) = (write.at(), write.revision());
    roles::refuse_reserved(write.db(), &name, at).await?;
    let inserted = roles::insert(write.db(), &name, &description, at, revision).await;
    inserted.map_err(|error| match constraint(&error) {
        Some("roles_pkey") => Problem::new(ROLE_EXISTS),
        _ => Problem::from(error),
    })?;
    set_inherits(write, &name, &mut inherits).await?;
    let state = StoredRole {
        name: name.to_string(),
        description,
        inherits: inherits.iter().map(ToString::to_string).collect(),
        builtin: false,
        revision,
    };
    let record = AuditRecord::new(caller.actor(), "create_role", format!("role:{name}"));
    write.change(Change::RoleSet { name, inherits });
    Ok(Written { record: record.after(&state), state })
}

/// Updates the description of a role, or what it inherits.
pub(crate) async fn update(
    write: &mut PolicyWrite<'_>,
    caller: &AuthorizedAdmin,
    name: RoleName,
    if_match: Option<&str>,
    settings: RoleSettings,
) -> Result<Written<StoredRole>, Problem> {
    let mut role = find(write, &name).await?;
    let record = AuditRecord::new(caller.actor(), "update_role", format!("role:{name}"));
    let record = record.before(&role);
    refuse_builtin(&name)?;
    check(if_match, role.revision)?;
    role.revision = write.revision();
    if let Some(description) = &settings.description {
        role.description.clone_from(description);
    }
    if let Some(mut inherits) = settings.inherits {
        for role in std::iter::once(&name).chain(&inherits) {
            caller.authorize_role_grant(write.base(), role)?;
        }
        set_inherits(write, &name, &mut inherits).await?;
        role.inherits = inherits.iter().map(ToString::to_string).collect();
        write.change(Change::RoleSet { name: name.clone(), inherits });
    }
    roles::update(write, &name, settings.description.as_deref()).await?;
    Ok(Written { record: record.after(&role), state: role })
}

/// Deletes a role and revokes it from all users. Its name is reserved while access tokens may still carry it.
pub(crate) async fn delete(
    write: &mut PolicyWrite<'_>,
    caller: &AuthorizedAdmin,
    name: RoleName,
    if_match: Option<&str>,
) -> Result<AuditRecord, Problem> {
    let role = find(write, &name).await?;
    check(if_match, role.revision)?;
    caller.authorize_role_grant(write.base(), &name)?;
    refuse_builtin(&name)?;
    refuse_in_use(write, &name).map_err(policy_problem)?;
    let reserved_until = write.reserved_until();
    let holders = roles::delete(write, &name, reserved_until).await?;
    let record = AuditRecord::new(caller.actor(), "delete_role", format!("role:{name}"))
        .before(DeletedRole { role: &role, holders: &holders });
    for user in holders {
        let roles = grants::of_user(write.db(), user).await?.roles;
        write.record_user_roles(UserRoles { user, roles });
    }
    write.change(Change::RoleRemoved { name });
    Ok(record)
}

/// The role of this name. No role has a name that is invalid.
pub(crate) fn existing(name: &str) -> Result<RoleName, Problem> {
    RoleName::parse(name).map_err(|_| Problem::new(ROLE_NOT_FOUND))
}

async fn find(write: &mut PolicyWrite<'_>, name: &RoleName) -> Result<StoredRole, Problem> {
    let role = roles::find(write.db(), name).await?;
    role.ok_or_else(|| Problem::new(ROLE_NOT_FOUND))
}

fn refuse_builtin(name: &RoleName) -> Result<(), Problem> {
    if name.is_builtin() {
        return Err(policy_problem(PolicyError::BuiltinRole(name.clone())));
    }
    Ok(())
}

/// Validates the deletion before the foreign keys do, as the policy names what refers to the role.
fn refuse_in_use(write: &PolicyWrite<'_>, name: &RoleName) -> Result<(), PolicyError> {
    let deleted = Change::RoleRemoved { name: name.clone() };
    write.base().next(write.revision(), &[deleted]).map(|_| ())
}

/// Replaces the roles that a role inherits, all of which must exist; sorts the list.
async fn set_inherits(
    write: &mut PolicyWrite<'_>,
    name: &RoleName,
    inherits: &mut Vec<RoleName>,
) -> Result<(), Problem> {
    for (index, inherited) in inherits.iter().enumerate() {
        if inherited != name && !write.base().has_role(inherited) {
            let unknown = PolicyError::UnknownRole(inherited.clone());
            return Err(policy_problem(unknown).field(format!("inherits[{index}]")));
        }
    }
    inherits.sort();
    inherits.dedup();
    Ok(roles::set_inherits(write.db(), name, inherits).await?)
}
