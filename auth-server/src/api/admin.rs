//! What writes of roles, rules and grants share.

use poem_openapi::Object;
use policies::RoleName;
use serde::Serialize;

use crate::policy::write::PolicyWrite;

/// The result of a write to the policy.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct Written {
    /// Revision of the policy that contains this write.
    pub(crate) revision: i64,
}

/// A write of a grant, and the role that it grants or revokes.
pub(crate) type Steps<'a> = (PolicyWrite<'a>, RoleName);
