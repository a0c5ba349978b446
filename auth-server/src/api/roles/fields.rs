//! Steps that several operations share.

use policies::{Change, PolicyError, RoleName, Snapshot};

use crate::http::problem::Problem;
use crate::http::request_errors::FIELD;
use crate::policy::roles;
use crate::policy::roles::Role;
use crate::policy::write::PolicyWrite;

/// A role's name in a field of a body.
pub(crate) fn role_name(field: &str, name: &str) -> Result<RoleName, Problem> {
    RoleName::parse(name).map_err(|error| Problem::from(PolicyError::from(error)).field(field))
}

/// Names of roles in a list of a body.
pub(crate) fn role_names(field: &str, names: Option<&[String]>) -> Result<Vec<RoleName>, Problem> {
    let names = names.unwrap_or_default().iter().enumerate();
    names.map(|(index, name)| role_name(&format!("{field}[{index}]"), name)).collect()
}

/// A description in a body.
pub(crate) fn description(text: Option<&str>) -> Result<Option<&str>, Problem> {
    if text.is_some_and(|text| text.chars().count() > 1_000) {
        return Err(Problem::new(FIELD).field("description").detail("At most 1,000 characters."));
    }
    Ok(text)
}

/// Built-in roles can't be changed or deleted.
pub(crate) fn refuse_builtin_role(name: &RoleName) -> Result<(), Problem> {
    if name.is_builtin() {
        return Err(PolicyError::BuiltinImmutable(name.to_string()).into());
    }
    Ok(())
}

/// A role that is built in, or that something names, can't go. Said before the tables say it.
pub(crate) fn refuse_in_use(base: &Snapshot, name: &RoleName) -> Result<(), Problem> {
    refuse_builtin_role(name)?;
    base.next(base.revision() + 1, &[Change::RoleRemoved { name: name.clone() }])?;
    Ok(())
}

/// Makes a role inherit exactly these, of which each must be there.
pub(crate) async fn set_inherits(
    write: &mut PolicyWrite<'_>,
    name: &RoleName,
    inherits: &[RoleName],
) -> Result<(), Problem> {
    for (index, inherited) in inherits.iter().enumerate() {
        if inherited != name && !write.base().has_role(inherited) {
            let unknown = PolicyError::UnknownRole(inherited.clone());
            return Err(Problem::from(unknown).field(format!("inherits[{index}]")));
        }
    }
    Ok(roles::set_inherits(write.db(), name, inherits).await?)
}

/// The role as it was just written.
pub(crate) fn fresh(
    name: &RoleName,
    description: Option<&str>,
    inherits: &[RoleName],
    revision: i64,
) -> Role {
    let mut inherits: Vec<String> = inherits.iter().map(ToString::to_string).collect();
    inherits.sort();
    inherits.dedup();
    Role {
        name: name.to_string(),
        description: description.unwrap_or_default().to_owned(),
        inherits,
        builtin: false,
        revision,
    }
}
