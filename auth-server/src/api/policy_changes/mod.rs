//! Changes of the policy: one by one, as the operations on rules, roles and grants make them, and in lists,
//! as `/api/v1/policy/changes` and `/api/v1/policy/preview` take them.

pub(crate) mod apply;
pub(crate) mod grant;
mod list;
pub(crate) mod preview;
pub(crate) mod role;
pub(crate) mod rule;
