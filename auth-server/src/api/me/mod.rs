//! `/api/v1/me`: the caller's own account.

pub(crate) mod credential_change;
pub(crate) mod delete;
pub(crate) mod email_verification;
pub(crate) mod history;
pub(crate) mod identities;
pub(crate) mod login;
pub(crate) mod password;
pub(crate) mod permissions;
pub(crate) mod profile;
pub(crate) mod second_factor;
pub(crate) mod sessions;
pub(crate) mod user_agents;
