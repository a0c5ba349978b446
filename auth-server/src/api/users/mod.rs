//! `/api/v1/users`

pub(crate) mod account;
pub(crate) mod history;
pub(crate) mod roles;
