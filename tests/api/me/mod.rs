//! `/api/v1/me…`

mod password;
mod permissions;
mod profile;
