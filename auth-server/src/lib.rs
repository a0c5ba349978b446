//! Accounts, sessions, roles and rules, and the answers made of them.
#![doc = include_str!("../README.md")]

pub mod clock;
pub mod identity;
pub mod input;
pub mod problem;
pub mod request;
pub mod session;
pub mod store;
pub mod token;
