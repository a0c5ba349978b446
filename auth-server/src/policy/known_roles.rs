//! Roles that a caller names, of which each has to exist.

use policies::{RoleName, Snapshot};
use service::similar::closest;

use super::error::ROLE_UNKNOWN;
use crate::http::problem::Problem;

/// The roles with these names. The problem names the first one that does not exist by its place in `field`, with the
/// closest name of a role.
pub(crate) fn known_roles(
    policy: &Snapshot,
    names: &[String],
    field: &str,
) -> Result<Vec<RoleName>, Problem> {
    let known = |(index, name): (usize, &String)| {
        let role = RoleName::parse(name).ok().filter(|role| policy.has_role(role));
        role.ok_or_else(|| unknown(policy, name).field(format!("{field}[{index}]")))
    };
    names.iter().enumerate().map(known).collect()
}

fn unknown(policy: &Snapshot, name: &str) -> Problem {
    let mut roles: Vec<RoleName> =
        policy.defined_roles().into_iter().map(|role| role.name).collect();
    roles.extend([RoleName::anonymous(), RoleName::superuser()]);
    let detail = match closest(name, roles.iter().map(RoleName::as_str)) {
        Some(closest) => format!("There is no role `{name}`; did you mean `{closest}`?"),
        None => format!("There is no role `{name}`."),
    };
    Problem::new(ROLE_UNKNOWN).detail(detail)
}
