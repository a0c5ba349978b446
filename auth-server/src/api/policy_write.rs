//! The response that all writes to the policy share: roles, rules and grants.

use poem_openapi::Object;
use serde::Serialize;

/// The result of a write to the policy.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct PolicyWriteResult {
    /// Policy revision that contains this write; send it as `at_least` to a check.
    pub(crate) revision: i64,
}
