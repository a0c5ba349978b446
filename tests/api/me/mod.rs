//! `/api/v1/me…`

mod history;
mod password;
mod permissions;
mod profile;
mod sessions;
