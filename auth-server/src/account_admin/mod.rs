//! What admins and operators do to accounts, for the API and the command line: create, disable, enable,
//! recover access, and grant or revoke roles. These operations combine users, sessions and
//! policy, and each leaves a record in the audit trail.

pub(crate) mod access;
pub(crate) mod disable;
pub mod new_account;
pub(crate) mod reset_link;
pub(crate) mod role_grants;
pub mod superuser;

pub(crate) use access::{allow_all_user_agents, reset_second_factor};
pub(crate) use disable::{disable, enable};
pub use reset_link::create_reset_token;
