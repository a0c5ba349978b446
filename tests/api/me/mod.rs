//! `/api/v1/me…`

mod delete;
mod history;
mod identities;
mod link_identity;
mod login;
mod password;
mod permissions;
mod profile;
mod reauthentication;
mod second_factor;
mod second_factor_sessions;
mod sessions;
mod user_agents;
