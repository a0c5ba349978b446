//! Creating, updating and deleting roles, for admins and for the command line. What a caller may do is decided
//! before.

use policies::{Change, Description, PolicyError, RoleName};
use serde::Serialize;
use uuid::Uuid;

use super::roles::{self, StoredRole};
use super::write::PolicyWrite;
use super::{ROLE_EXISTS, UserRoles, grants, policy_problem};
use crate::audit::{Actor, AuditRecord, Written};
use crate::db::constraint;
use crate::http::problem::Problem;

/// What a role is to be; omitted fields stay as they are.
#[derive(Default)]
pub(crate) struct RoleSettings {
    pub(crate) description: Option<Description>,
    pub(crate) inherits: Option<Vec<RoleName>>,
}

/// A deleted role in the audit trail.
#[derive(Serialize)]
struct DeletedRole<'a> {
    #[serde(flatten)]
    role: &'a StoredRole,
    /// Users who had the role.
    holders: &'a [Uuid],
}

/// Adds a role.
pub(crate) async fn create(
    write: &mut PolicyWrite<'_>,
    by: Actor,
    name: RoleName,
    settings: RoleSettings,
) -> Result<Written<StoredRole>, Problem> {
    let description = settings.description.unwrap_or_default();
    let mut inherits = settings.inherits.unwrap_or_default();
    let (at, revision) = (write.at(), write.revision());
    roles::refuse_reserved(write.db(), &name, at).await?;
    let inserted = roles::insert(write.db(), &name, description.as_str(), at, revision).await;
    inserted.map_err(|error| match constraint(&error) {
        Some("roles_pkey") => Problem::new(ROLE_EXISTS),
        _ => Problem::from(error),
    })?;
    set_inherits(write, &name, &mut inherits).await?;
    let state = StoredRole {
        name: name.to_string(),
        description: description.to_string(),
        inherits: inherits.iter().map(ToString::to_string).collect(),
        builtin: false,
        revision,
    };
    let record = AuditRecord::new(by, "create_role", format!("role:{name}"));
    write.change(Change::RoleSet { name, inherits });
    Ok(Written { record: record.after(&state), state })
}

/// Updates the description of a role, or what it inherits.
pub(crate) async fn update(
    write: &mut PolicyWrite<'_>,
    by: Actor,
    name: RoleName,
    mut role: StoredRole,
    settings: RoleSettings,
) -> Result<Written<StoredRole>, Problem> {
    let record = AuditRecord::new(by, "update_role", format!("role:{name}")).before(&role);
    role.revision = write.revision();
    if let Some(description) = &settings.description {
        role.description = description.to_string();
    }
    if let Some(mut inherits) = settings.inherits {
        set_inherits(write, &name, &mut inherits).await?;
        role.inherits = inherits.iter().map(ToString::to_string).collect();
        write.change(Change::RoleSet { name: name.clone(), inherits });
    }
    let description = settings.description.as_ref().map(Description::as_str);
    roles::update(write, &name, description).await?;
    Ok(Written { record: record.after(&role), state: role })
}

/// Deletes a role and revokes it from all users. Its name is reserved while access tokens may still carry it.
pub(crate) async fn delete(
    write: &mut PolicyWrite<'_>,
    by: Actor,
    name: RoleName,
    role: &StoredRole,
) -> Result<AuditRecord, Problem> {
    refuse_builtin(&name)?;
    refuse_in_use(write, &name).map_err(policy_problem)?;
    let reserved_until = write.reserved_until();
    let holders = roles::delete(write, &name, reserved_until).await?;
    let record = AuditRecord::new(by, "delete_role", format!("role:{name}"))
        .before(DeletedRole { role, holders: &holders });
    for user in holders {
        let roles = grants::of_user(write.db(), user).await?.roles;
        write.record_user_roles(UserRoles { user, roles });
    }
    write.change(Change::RoleRemoved { name });
    Ok(record)
}

/// Built-in roles cannot be changed.
pub(crate) fn refuse_builtin(name: &RoleName) -> Result<(), Problem> {
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
