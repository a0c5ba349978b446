//! `/api/v1/auth/password`: resetting a forgotten password.

pub(crate) mod forgot;
pub(crate) mod reset;
