//! The operations of the HTTP API; folders and files mirror the paths. Only [`crate::app`] imports
//! this module.

pub(crate) mod admin;
pub(crate) mod audit;
pub mod auth;
pub(crate) mod check;
pub(crate) mod clients;
pub(crate) mod device;
pub(crate) mod me;
pub(crate) mod oauth;
pub(crate) mod roles;
pub(crate) mod rules;
pub(crate) mod state;
pub(crate) mod users;
