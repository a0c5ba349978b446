//! Accounts, sessions, roles and rules, and the answers made of them.
#![warn(clippy::print_stdout, clippy::print_stderr)]
#![doc = include_str!("../README.md")]

pub mod account_admin;
pub(crate) mod api;
pub mod app;
pub(crate) mod audit;
pub(crate) mod authn;
pub mod cli;
pub(crate) mod client;
pub mod config;
pub mod crypto;
pub mod db;
pub(crate) mod email;
pub(crate) mod explanation;
pub(crate) mod films;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod http;
pub(crate) mod idempotency;
pub mod login_history;
pub(crate) mod metrics;
pub(crate) mod oidc;
pub(crate) mod password;
pub mod policy;
pub(crate) mod preview;
pub(crate) mod redis;
pub(crate) mod second_factor;
pub(crate) mod secret_replacement;
pub(crate) mod session;
pub(crate) mod throttle;
pub mod token;
pub(crate) mod unicode;
pub(crate) mod user;

pub use service::clock;

pub(crate) use api::problems::problems;
