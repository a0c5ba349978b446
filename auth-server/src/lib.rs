//! Accounts, sessions, roles and rules, and the answers made of them.
#![doc = include_str!("../README.md")]

pub mod account;
pub mod admin;
pub mod check;
pub mod cli;
pub mod clock;
pub mod config;
pub mod docs;
pub mod identity;
pub mod input;
pub mod log;
pub mod login;
pub mod ops;
pub mod password;
pub mod policy;
pub mod problem;
pub mod request;
pub mod schema;
pub mod secret;
pub mod server;
pub mod session;
pub mod store;
pub mod tags;
pub mod token;
pub mod user;
